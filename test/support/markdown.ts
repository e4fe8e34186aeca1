/** A fenced block: its language, its text without the fences, the line of its opening fence. */
export type Block = { language: string; text: string; line: number };
export type Heading = { level: number; text: string; anchor: string; line: number };
/** A piece of the text with the line it begins on. */
export type Piece = { text: string; line: number };

/** What the tests of documents look at. Lines count from 1. */
export type Markdown = {
  blocks: Block[];
  headings: Heading[];
  /** Targets of links, outside of code. */
  links: Piece[];
  /** Code spans; one that goes over two lines is joined. */
  spans: Piece[];
};

/** Reads the Markdown that our documents are written in: ATX headings, fenced code, inline links. */
export function readMarkdown(source: string): Markdown {
  const { blocks, prose } = withoutBlocks(source);
  const spans: Piece[] = [];
  const words = prose.replace(/(`+)((?:(?!\1)[\s\S])+)\1(?!`)/g, (all, _ticks, text, at) => {
    if (/\n\s*\n/.test(all)) return all;
    spans.push({ text: text.trim().replace(/\s*\n\s*/g, ' '), line: lineAt(prose, at) });
    return all.replace(/[^\n]/g, ' ');
  });
  const links = [...words.matchAll(/\]\(([^)\s]+)\)/g)].map(({ 1: text = '', index }) => ({
    text,
    line: lineAt(words, index),
  }));
  return { blocks, headings: headingsIn(prose), links, spans };
}

/** Blocks, and the text with their lines left empty so that line numbers stay. */
function withoutBlocks(source: string): { blocks: Block[]; prose: string } {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; line: number; lines: string[] } | undefined;
  const prose = source.split('\n').map((line, index) => {
    const [, fence = '', info = ''] = /^\s*(`{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined && fence !== '') {
      open = { fence, language: info.trim(), line: index + 1, lines: [] };
      return '';
    }
    if (open === undefined) return line;
    if (fence.length >= open.fence.length && info.trim() === '') {
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line });
      open = undefined;
    } else {
      open.lines.push(line);
    }
    return '';
  });
  if (open !== undefined) throw new Error(`the block in line ${open.line} has no end`);
  return { blocks, prose: prose.join('\n') };
}

function headingsIn(prose: string): Heading[] {
  const seen = new Map<string, number>();
  return prose.split('\n').flatMap((line, index) => {
    const [, marks, text] = /^(#{1,6}) +(.+?)\s*$/.exec(line) ?? [];
    if (marks === undefined || text === undefined) return [];
    const slug = slugOf(text);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    const anchor = count === 0 ? slug : `${slug}-${count}`;
    return [{ level: marks.length, text, anchor, line: index + 1 }];
  });
}

/** The anchor that GitHub gives a heading. */
function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
