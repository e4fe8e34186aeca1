import { describe, expect, it } from 'vitest';
import { CcError } from '../../src/core/errors.ts';
import { lookUpProfile } from '../../src/profiles/lookup.ts';
import { contextWindowFor } from '../../src/profiles/models.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { pickProfile } from '../../src/routing/pick.ts';
import type { PickRequest } from '../../src/routing/request.ts';

function profile(id: string, more: Partial<Profile> = {}): Profile {
  return {
    id,
    name: id,
    source: 'cc-switch',
    kind: 'direct',
    usable: true,
    current: false,
    auth: 'auth_token',
    base_url: `https://${id.length}.example`,
    models: { default: `${id}-model` },
    warnings: [],
    ...more,
  };
}

const { base_url: _none, ...loginBase } = profile('official', {
  name: 'Claude login',
  source: 'official',
  kind: 'login',
  auth: 'login',
  models: {},
});
const official: Profile = loginBase;
const env = profile('env', { source: 'environment' });
const named = profile('env:x', {
  source: 'environment',
  models: { default: 'x-big', haiku: 'x-small' },
});
const first = profile('cc-switch:1', { name: 'DeepSeek' });
const current = profile('cc-switch:2', { name: '智谱', current: true });
const broken = profile('cc-switch:3', {
  usable: false,
  kind: 'incomplete',
  reason: 'It has no token.',
});
const reseller = profile('cc-switch:4', { models: {} });
const all = [official, env, named, first, current, broken, reseller];

const pick = (request: PickRequest, profiles = all) => {
  const { profile: chosen, model } = pickProfile(request, profiles);
  return `${chosen.id} ${model}`;
};

/** The profiles in the order in which they come up first. */
const firsts = ({ ranked }: ReturnType<typeof pickProfile>) =>
  [...new Map([...ranked].reverse().map(({ id, why }) => [id, why]))].sort(
    ([a], [b]) => ranked.findIndex(({ id }) => id === a) - ranked.findIndex(({ id }) => id === b),
  );

function caught(action: () => unknown): CcError {
  try {
    action();
  } catch (error) {
    if (error instanceof CcError) return error;
  }
  throw new Error('no CcError');
}

describe('a pick', () => {
  it('ranks the current provider, the environment, the others, and the login last', () => {
    const pick = pickProfile({}, all);
    expect(pick).toMatchObject({
      model: 'cc-switch:2-model',
      profile: { id: 'cc-switch:2' },
      reason:
        "cc-switch:2: CC Switch's current provider; cc-switch:2-model: the profile's default model.",
    });
    expect(firsts(pick)).toEqual([
      ['cc-switch:2', "CC Switch's current provider"],
      ['env', 'given by the environment'],
      ['env:x', 'given by the environment'],
      ['cc-switch:1', "a provider in CC Switch's list"],
      ['cc-switch:4', "a provider in CC Switch's list"],
      ['official', "the user's Claude login, spared for the controller"],
    ]);
  });

  it('spares what Anthropic bills: its own service comes after all others, before the login', () => {
    const { base_url: _url, ...rest } = profile('env', { source: 'environment' });
    const cloud = profile('cc-switch:9', { kind: 'cloud', auth: 'cloud' });
    const itself = profile('cc-switch:8', { base_url: 'https://api.anthropic.com' });
    const same = profile('cc-switch:claude-official', { kind: 'login' });
    const order = firsts(pickProfile({}, [same, official, rest, itself, cloud, first])).map(
      ([id]) => id,
    );
    expect(order).toEqual([
      'cc-switch:1',
      'cc-switch:9',
      'env',
      'cc-switch:8',
      'official',
      'cc-switch:claude-official',
    ]);
  });

  it('takes an explicit profile by id or name', () => {
    expect(pick({ profile: 'official' })).toBe('official sonnet');
    expect(pick({ profile: 'deepseek' })).toBe('cc-switch:1 cc-switch:1-model');
    expect(pick({ profile: '智谱', model: 'glm-4.6' })).toBe('cc-switch:2 glm-4.6');
    expect(pickProfile({ profile: 'env:x' }, all).ranked[0]).toMatchObject({
      id: 'env:x',
      why: 'asked for',
    });
  });

  it('refuses an explicit profile that is unusable, with the reason and the usable ones', () => {
    const error = caught(() => pickProfile({ profile: 'cc-switch:3' }, all));
    expect(error).toMatchObject({
      code: 'PROFILE_UNUSABLE',
      message: expect.stringContaining('It has no token.'),
      hint: expect.stringContaining('env:x'),
    });
    expect(error.details).toMatchObject({
      usable: ['official', 'env', 'env:x', 'cc-switch:1', 'cc-switch:2', 'cc-switch:4'],
    });
    expect(error.hint).not.toContain('cc-switch:3');
  });

  it('follows the policy for the role, and only for it', () => {
    const preferences = {
      review: { profile: 'env:x', model: 'x-small' },
      testing: { profile: 'official' },
    };
    expect(pick({ role: 'review', preferences })).toBe('env:x x-small');
    expect(pick({ role: 'review', preferences, model: 'x-big' })).toBe('env:x x-big');
    expect(pick({ role: 'testing', preferences })).toBe('official sonnet');
    expect(pick({ role: 'security', preferences })).toBe('cc-switch:2 cc-switch:2-model');
    expect(pick({ preferences })).toBe('cc-switch:2 cc-switch:2-model');
    expect(pick({ role: 'review', preferences, profile: 'env' })).toBe('env env-model');
  });

  it('takes a preferred model from a profile that lists it', () => {
    const preferences = { review: { model: 'X-SMALL' } };
    expect(pick({ role: 'review', preferences })).toBe('env:x X-SMALL');
    expect(pick({ role: 'review', preferences, profile: 'env' })).toBe('env env-model');
  });

  it('passes over a preference that cannot be met, and says so', () => {
    const unusable = pickProfile(
      { role: 'review', preferences: { review: { profile: 'cc-switch:3', model: 'm' } } },
      all,
    );
    expect(unusable).toMatchObject({
      profile: { id: 'cc-switch:2' },
      model: 'cc-switch:2-model',
      reason: expect.stringContaining('It has no token.'),
    });
    const gone = pickProfile({ role: 'review', preferences: { review: { profile: 'gone' } } }, all);
    expect(gone.reason).toContain('passed over: There is no profile "gone"');
  });

  it('sends a model to a profile that lists it before one that might not have it', () => {
    expect(pick({ model: 'x-small' })).toBe('env:x x-small');
    expect(pick({ model: 'x-small[1m]' })).toBe('env:x x-small[1m]');
    expect(pick({ model: 'claude-opus-5' })).toBe('cc-switch:4 claude-opus-5');
    expect(pick({ model: 'claude-opus-5' }, [official, current])).toBe('official claude-opus-5');
    expect(pick({ model: 'brand-new' })).toBe('cc-switch:2 brand-new');
    expect(pickProfile({ model: 'brand-new' }, all).reason).toContain('does not list it');
  });

  it('turns a family into the model the profile has for it', () => {
    expect(pick({ model: 'haiku', profile: 'env:x' })).toBe('env:x x-small');
    expect(pick({ model: 'haiku', profile: 'official' })).toBe('official haiku');
    expect(pick({ model: 'Opus', profile: 'cc-switch:4' })).toBe('cc-switch:4 opus');
  });

  it.each<[Profile['models'], string]>([
    [{ default: 'd', sonnet: 's' }, 'd'],
    [{ opus: 'o', sonnet: 's', haiku: 'h' }, 's'],
    [{ opus: 'o', haiku: 'h' }, 'o'],
    [{ haiku: 'h', fable: 'f' }, 'h'],
    [{}, 'sonnet'],
  ])('of models %o takes %s', (models, model) => {
    expect(pickProfile({}, [profile('p', { models })]).model).toBe(model);
  });

  it('without a usable profile says what would help', () => {
    const error = caught(() =>
      pickProfile({}, [
        { ...official, usable: false, reason: 'There is no Claude login.' },
        broken,
      ]),
    );
    expect(error).toMatchObject({
      code: 'PROFILE_UNUSABLE',
      hint: expect.stringMatching(/log in.*ANTHROPIC_BASE_URL.*CC_PROFILE.*CC Switch/),
    });
    expect(error.details).toEqual({
      profiles: [
        { id: 'official', reason: 'There is no Claude login.' },
        { id: 'cc-switch:3', reason: 'It has no token.' },
      ],
    });
    expect(caught(() => pickProfile({}, [])).code).toBe('PROFILE_UNUSABLE');
  });
});

describe('looking a profile up', () => {
  const twins = [
    profile('cc-switch:a', { name: 'Kimi' }),
    profile('cc-switch:b', { name: 'Kimi' }),
    profile('cc-switch:c', { name: 'kimi 编程' }),
    profile('cc-switch:d', { name: 'KIMI 编程' }),
    profile('env', { name: 'cc-switch:a' }),
  ];

  it('prefers the id, then the exact name, then the name in any case', () => {
    expect(lookUpProfile(twins, ' cc-switch:a ').id).toBe('cc-switch:a');
    expect(lookUpProfile(twins, 'KIMI 编程').id).toBe('cc-switch:d');
    expect(lookUpProfile(twins, 'ENV').id).toBe('env');
    expect(lookUpProfile([profile('x', { name: 'Café' })], 'Cafe\u0301').id).toBe('x');
  });

  it.each(['Kimi', 'kimi', 'Kimi 编程'])('does not guess between two called %s', (name) => {
    const error = caught(() => lookUpProfile(twins, name));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.details).toEqual({
      ids: name.includes('编程') ? ['cc-switch:c', 'cc-switch:d'] : ['cc-switch:a', 'cc-switch:b'],
    });
    expect(error.hint).toContain('cc-switch:');
  });

  it('lists what there is when there is no such profile', () => {
    const error = caught(() => lookUpProfile(twins, 'deep\u001b[31m'.repeat(30)));
    expect(error).toMatchObject({
      code: 'PROFILE_NOT_FOUND',
      hint: expect.stringContaining('cc-switch:a (Kimi)'),
    });
    expect(error.message.length).toBeLessThan(100);
    expect(error.message).not.toContain('\u001b');
    const many = Array.from({ length: 50 }, (_, index) => profile(`p${index}`));
    expect(caught(() => lookUpProfile(many, 'x')).hint).toContain('and 20 more');
    expect(caught(() => lookUpProfile([], 'x')).hint).toContain('none');
  });
});

describe('the context window', () => {
  it('is what the profile says for its model, a million for [1m], else unknown', () => {
    const some = profile('p', { models: { default: 'a', opus: 'b[1m]' }, context_window: 200_000 });
    expect(contextWindowFor(some, 'a')).toBe(200_000);
    expect(contextWindowFor(some, 'b[1m]')).toBe(1_000_000);
    expect(contextWindowFor(some, 'c')).toBeUndefined();
    expect(contextWindowFor(profile('q', { models: {}, context_window: 5 }), 'c')).toBe(5);
  });
});
