/** USD per million tokens. A missing cache price means "unknown", never "free". */
export type Price = {
  input: number;
  output: number;
  cache_read?: number;
  cache_write?: number;
  currency: 'USD';
  per: 1_000_000;
  source: 'profile' | 'policy' | 'cc-switch' | 'catalog' | 'built-in';
};

/** Prices by model id, lower case, as CC Switch keeps them. */
export type PriceTable = ReadonlyMap<string, Price>;
