/** Discount in per cent: from 100 orders on 10, from 10 on 5. */
export function discount(orders) {
  if (orders >= 10) return 5;
  if (orders >= 100) return 10;
  return 0;
}

/** Price after the discount, in whole cents. */
export function reduced(cents, percent) {
  return Math.round((cents * (100 - percent)) / 100);
}
