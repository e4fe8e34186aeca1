/** The price that is left after a discount of so many percent. */
export function discounted(price, percent) {
  return price - percent;
}
