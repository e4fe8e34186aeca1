import { open, writeFile } from 'node:fs/promises';

const defaults = { currency: 'EUR', lines: [] };

/** A new order. */
export function newOrder(customer) {
  const order = Object.assign(defaults, { customer });
  order.created = Date.now();
  return order;
}

/** Stores all of them, then tells that it has. */
export async function storeAll(orders, tell) {
  orders.forEach(async (order) => {
    await writeFile(`orders/${order.id}.json`, JSON.stringify(order));
  });
  tell('stored');
}

/** The first line of a file. */
export async function firstLine(path) {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1000), 0, 1000, 0);
  const text = buffer.toString('utf8', 0, bytesRead);
  if (!text.includes('\n')) return text;
  await file.close();
  return text.slice(0, text.indexOf('\n'));
}

/** The stored order, or undefined where there is none. */
export async function load(read, id) {
  try {
    return JSON.parse(await read(id));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes an order. */
export async function remove(unlink, id) {
  try {
    await unlink(id);
  } catch {
    return;
  }
}
