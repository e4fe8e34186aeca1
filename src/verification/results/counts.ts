/** Tests counted from one source, and the names of those that failed. */
export type Counted = { passed: number; failed: number; skipped: number; failures: string[] };

const NAMES_KEPT = 20;

export function counted(
  passed: number,
  failed: number,
  skipped: number,
  failures: readonly string[] = [],
): Counted {
  return { passed, failed, skipped, failures: failures.slice(0, NAMES_KEPT) };
}

export function sum(all: readonly Counted[]): Counted {
  return counted(
    all.reduce((total, one) => total + one.passed, 0),
    all.reduce((total, one) => total + one.failed, 0),
    all.reduce((total, one) => total + one.skipped, 0),
    all.flatMap(({ failures }) => failures),
  );
}
