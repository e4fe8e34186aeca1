import type { Tool } from './define.ts';

/** What a tool is called where people read it, and found by: its title, else its name in words. */
export function titleOf({ name, title }: Pick<Tool, 'name' | 'title'>): string {
  if (title !== undefined) return title;
  const words = name.replace(/^cc_/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
