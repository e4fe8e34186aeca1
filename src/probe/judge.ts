import type { Probe } from '../routing/capabilities.ts';
import { type Conversation, totalOf } from './conversation.ts';
import { type Finding, unknown } from './finding.ts';
import {
  judgeLongContext,
  judgeParallelToolUse,
  judgeStructuredOutput,
  judgeThinking,
  judgeToolUse,
} from './judge-abilities.ts';
import {
  type Asked,
  judgeAuth,
  judgeModel,
  judgeReachability,
  judgeStreaming,
} from './judge-connection.ts';
import { judgePrice, type PriceFacts } from './judge-price.ts';
import { judgeTokenCounting } from './judge-tokens.ts';
import type { TaskName } from './tasks.ts';

export type Evidence = {
  asked: Asked;
  basic: Conversation;
  thinking?: Conversation | undefined;
  long?: Conversation | undefined;
  /** Why there was no long prompt, where there was none. */
  noLongBecause: string;
  /** Tokens the model is said to keep in mind. */
  window: number | undefined;
  price: Omit<PriceFacts, 'cached'>;
};

/** What each probe has found, and in which conversation; `none` where it took none. */
export type Judgement = Record<Probe, { finding: Finding; of: TaskName | 'none' }>;

/** The verdicts: pure functions of what the conversations left behind. */
export function judgeProfile(evidence: Evidence): Judgement {
  const { asked, basic, thinking, long, window, noLongBecause } = evidence;
  const ofBasic = (finding: Finding) => ({ finding, of: 'basic' as const });
  const toolUse = judgeToolUse(basic);
  const thought = judgeThinking(basic, thinking);
  const used = totalOf(basic.usage);
  return {
    reachability: ofBasic(judgeReachability(basic, asked)),
    auth: ofBasic(judgeAuth(basic)),
    model: ofBasic(judgeModel(basic, asked)),
    streaming: ofBasic(judgeStreaming(basic)),
    tool_use: ofBasic(toolUse),
    parallel_tool_use: ofBasic(judgeParallelToolUse(basic, toolUse)),
    structured_output: ofBasic(judgeStructuredOutput(basic)),
    thinking: { finding: thought.finding, of: thought.from.task.name },
    token_counting: ofBasic(judgeTokenCounting(basic)),
    price: {
      finding: judgePrice({
        ...evidence.price,
        cached: { read: used.cache_read, written: used.cache_write },
      }),
      of: 'none',
    },
    long_context:
      long === undefined
        ? {
            finding: unknown(
              `not tried: ${noLongBecause}`,
              'Test with level full and budget.max_tokens, e.g. 150000; dry_run shows what it would cost.',
            ),
            of: 'none',
          }
        : { finding: judgeLongContext(long, window), of: 'long_context' },
  };
}
