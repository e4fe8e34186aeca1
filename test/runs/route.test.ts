import { describe, expect, it } from 'vitest';
import { isSameModel, routeMismatch } from '../../src/runs/route.ts';

describe('the same model, spelled differently', () => {
  it.each([
    ['claude-opus-5', 'claude-opus-5'],
    ['Claude-Opus-5', 'claude-opus-5 '],
    ['claude-opus-5[1m]', 'claude-opus-5'],
    ['claude-opus-5[1M]', 'claude-opus-5'],
    ['claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
    ['claude-haiku-4-5', 'claude-haiku-4-5@20251001'],
    ['claude-haiku-4.5', 'claude-haiku-4-5-latest'],
    ['anthropic/claude-opus-5', 'claude-opus-5'],
    ['claude-opus-5', 'us.anthropic.claude-opus-5-20260101-v1:0'],
    ['claude-opus-5', 'us-gov.anthropic.claude-opus-5-20260101-v1:0'],
    ['claude-3-5-sonnet', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
    ['claude-3-5-sonnet', 'claude-3-5-sonnet-v2@20241022'],
    ['openrouter/z-ai/glm-5.1', 'glm-5.1'],
    ['glm-5.1', 'GLM-5-1'],
    ['kimi-k2', 'moonshot/kimi-k2'],
    ['gpt-5', 'gpt-5-2026-01-31'],
    ['gpt-5-20260131', 'gpt-5-2026-01-31'],
    ['doubao-seed-1-6', 'doubao-seed-1-6-250615'],
    ['deepseek-v4-20260101[1m]', 'deepseek-v4-20260101'],
    ['deepseek/deepseek-r1:free', 'deepseek/deepseek-r1'],
    ['qwen3:8b', 'qwen3:8b'],
    ['opus', 'claude-opus-5-5'],
    ['opus[1m]', 'claude-opus-5-5'],
    ['sonnet', 'claude-3-5-sonnet-20241022'],
    ['default', 'whatever'],
    ['opusplan', 'claude-sonnet-5-5'],
    ['arn:aws:bedrock:us-east-1:1:application-inference-profile/x7', 'claude-sonnet-5'],
  ])('%s is %s', (declared, actual) => {
    expect(isSameModel(declared, actual)).toBe(true);
  });
});

describe('another model', () => {
  it.each([
    ['claude-opus-5', 'claude-opus-5-5'],
    ['claude-opus-4', 'claude-opus-4-1-20250805'],
    ['claude-opus-5', 'claude-sonnet-5'],
    ['opus', 'claude-sonnet-5-5'],
    ['opus', 'glm-5.1'],
    ['sonnet', 'claude-sonnetish-1'],
    ['glm-5.1', 'glm-5'],
    ['glm-5.1', 'glm-5.1-air'],
    ['deepseek-v3', 'deepseek-v4'],
    ['deepseek-v4-pro', 'deepseek-v4-flash'],
    ['deepseek-v3.1', 'deepseek-v3'],
    ['deepseek', 'deepseek-v4'],
    ['kimi-k2-0711', 'kimi-k2-0905'],
    ['gpt-5', 'gpt-5-mini'],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5-20260301'],
    ['doubao-seed-1-6-250615', 'doubao-seed-1-6-251015'],
    ['qwen3:8b', 'qwen3:32b'],
    ['model-999999', 'model'],
    ['claude-opus-5', ''],
  ])('%s is not %s', (declared, actual) => {
    expect(isSameModel(declared, actual)).toBe(false);
  });
});

describe('a mismatch', () => {
  it('is none with a model the controller switched to, however often', () => {
    const answered = ['glm-5.1', 'deepseek-v4', 'kimi-k3'];
    expect(routeMismatch('glm-5.1', answered, ['deepseek-v4', 'kimi-k3'])).toBeUndefined();
    expect(routeMismatch('glm-5.1', answered, ['deepseek-v4'])).toEqual({
      declared: 'glm-5.1, deepseek-v4',
      actual: answered,
    });
  });

  it('is told with everything that answered', () => {
    expect(routeMismatch('claude-opus-5', ['claude-opus-5', 'glm-5.1'])).toEqual({
      declared: 'claude-opus-5',
      actual: ['claude-opus-5', 'glm-5.1'],
    });
  });

  it.each<[string, string | null, string[]]>([
    ['nothing was declared', null, ['glm']],
    ['nobody answered', 'claude-opus-5', []],
    ['only the CLI itself spoke', 'claude-opus-5', ['<synthetic>']],
    ['the CLI spoke in between', 'claude-opus-5', ['claude-opus-5', '<synthetic>']],
  ])('is none where %s', (_what, declared, answered) => {
    expect(routeMismatch(declared, answered)).toBeUndefined();
  });
});
