/** The items of one page, and how many pages there are. */
export function pageOf(items, page, size = 20) {
  const start = page * size;
  const pages = Math.ceil(items.length / size);
  return { items: items.slice(start, start + size), pages };
}

/** The numbers of the pages beside this one. */
export function neighbours(page, pages) {
  return [page - 1, page + 1].filter((other) => other >= 1 && other <= pages);
}
