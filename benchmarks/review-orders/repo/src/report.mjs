/** The most expensive orders, at most `count`. */
export function mostExpensive(orders, count) {
  const totals = orders.map((order) => order.total);
  totals.sort();
  return totals.slice(0, count);
}

/** Names of customers, in the order of the alphabet. */
export function customers(orders) {
  return [...new Set(orders.map((order) => order.customer))].sort();
}

/** Orders that have waited longer than this many hours. */
export function overdue(orders, hours, now) {
  return orders.filter((order) => now - order.created > hours * 3600);
}
