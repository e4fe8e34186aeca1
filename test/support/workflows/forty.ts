import { handOver, type Persona, read } from './actor.ts';

const LAYERS = 4;
export const EFFECTS = 'effects.log';

/**
 * 40 nodes in four layers of ten: two workers, six commands and two gates each. The second gate of the
 * third layer goes back once, because one of its workers finds something the first time. Every command
 * notes its name, so that one that is run twice shows.
 */
export function forty(): string {
  const layers = Array.from({ length: LAYERS }, (_, layer) => layerOf(layer));
  return `schema_version: 1
id: forty
max_concurrent: 6
nodes:
${layers.flat().join('\n')}
`;
}

function layerOf(layer: number): string[] {
  const before = layer === 0 ? '[]' : `[g${layer - 1}a, g${layer - 1}b]`;
  const on = (node: string, more: string) => `  ${node}: { ${more} }`;
  const worker = (name: string) =>
    on(
      `w${layer}${name}`,
      `role: review, task: Work ${layer}${name} of forty., needs: ${before}, retry: 2`,
    );
  const command = (index: number) =>
    on(
      `c${layer}${index}`,
      `type: command, needs: ${index < 3 ? before : `[c${layer}${index - 3}]`}, command: 'sleep 0.3; echo $CC_WORKFLOW_NODE >> ${EFFECTS}'`,
    );
  const back = layer === 2 ? `, on_fail: { retry: w${layer}b, max_retries: 1 }` : '';
  return [
    worker('a'),
    worker('b'),
    ...[0, 1, 2, 3, 4, 5].map(command),
    on(
      `g${layer}a`,
      `type: gate, needs: [w${layer}a, c${layer}3], pass_when: 'c${layer}3.exit_code == 0'`,
    ),
    on(
      `g${layer}b`,
      `type: gate, needs: [w${layer}b, c${layer}4, c${layer}5], pass_when: 'w${layer}b.findings.blocker == 0'${back}`,
    ),
  ];
}

const worker =
  (finds: boolean): Persona =>
  ({ path, isAgain }) => [
    { tools: [read(path('README.md'))], pace: { beforeHeadersMs: 300 } },
    {
      ...handOver('review', {
        findings: finds && !isAgain ? [{ severity: 'blocker', text: 'It is upside down.' }] : [],
        blocking_issues: [],
      }),
      pace: { beforeHeadersMs: 300 },
    },
  ];

export const PERSONAS: Readonly<Record<string, Persona>> = Object.fromEntries(
  Array.from({ length: LAYERS }, (_, layer) => [
    [`w${layer}a`, worker(false)],
    [`w${layer}b`, worker(layer === 2)],
  ]).flat(),
);
