import { describe, expect, it } from 'vitest';
import { Screen } from '../../src/demo/screen.ts';
import { Paper } from '../support/demo-host.ts';

describe('the status line', () => {
  it('gives way to the next line', () => {
    const paper = new Paper();
    const screen = new Screen(paper, { isTTY: true, colour: false });
    screen.status('1 s');
    screen.status('1 s');
    screen.status('2 s');
    screen.line('news');
    screen.status('3 s');
    screen.end();
    expect(paper.text).toBe('1 s\r\u001b[2K2 s\r\u001b[2Knews\n3 s\r\u001b[2K');
  });

  it('does not exist without a terminal', () => {
    const paper = new Paper();
    const screen = new Screen(paper, { isTTY: false, colour: false });
    screen.status('1 s');
    screen.line('news');
    screen.end();
    expect(paper.text).toBe('news\n');
  });

  it('never wraps', () => {
    const paper = new Paper(70);
    new Screen(paper, { isTTY: true, colour: false }).status('x'.repeat(200));
    expect(paper.text).toHaveLength(69);
  });
});
