import { afterEach, beforeEach, expect } from 'vitest';
import { Lab } from '../lab.ts';
import { Flows } from './flows.ts';
import { makeShop } from './shop.ts';

/** What each test of a file finds: a shop of its own, in which workflows run. Call it at the top. */
export type Shop = { lab: Lab; flows: Flows };

export function inShop(): Shop {
  const shop = {} as Shop;
  beforeEach(async () => {
    shop.lab = await Lab.open([]);
    makeShop(shop.lab);
    shop.flows = new Flows(shop.lab);
  });
  afterEach(async () => {
    const { lab, flows } = shop;
    for (const id of flows.ids) await flows.noteRuns(id);
    const left = flows.ids.flatMap((id) => flows.supervisors(id));
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    expect([...left, ...(await lab.close())]).toEqual([]);
  });
  return shop;
}
