import { VERSION } from '../core/version.ts';
import type { Reason, Verification } from './verification.ts';

const LEVELS = { reject: 'error', investigate: 'warning', info: 'note' } as const;
/** `path: text` of a finding that has a place; the path is relative to the repository. */
const PLACE = /^([^\s:`"]+\.\w+|[^\s:`"]*\/[^\s:`"]+)(?::(\d+))?(?:: |$)/;

/** The verification as SARIF 2.1.0: a rule for each code, a result for each reason. */
export function sarifOf(result: Verification): object {
  const codes = [...new Set(result.reasons.map(({ code }) => code))];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'cc-orchestrator',
            semanticVersion: VERSION,
            rules: codes.map((code) => ({ id: code, name: code })),
          },
        },
        automationDetails: { id: `verify/${result.run_id}/${result.verification_id}` },
        invocations: [{ executionSuccessful: true, endTimeUtc: result.time }],
        properties: { verdict: result.verdict, risk: result.risk },
        results: result.reasons.map((reason) => ({
          ruleId: reason.code,
          ruleIndex: codes.indexOf(reason.code),
          level: LEVELS[reason.level],
          message: { text: reason.text },
          ...locations(reason),
        })),
      },
    ],
  };
}

function locations({ evidence = [] }: Reason): object {
  const found = evidence.flatMap((text) => {
    const [, path, line] = PLACE.exec(text) ?? [];
    if (path === undefined) return [];
    const region = line === undefined ? {} : { region: { startLine: Number(line) } };
    return [{ physicalLocation: { artifactLocation: { uri: encodeURI(path) }, ...region } }];
  });
  return found.length === 0 ? {} : { locations: found };
}
