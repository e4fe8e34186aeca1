import { describe, expect, it } from 'vitest';
import { claudeArguments, PROVIDER_VARIABLES } from '../../../src/workers/claude/arguments.ts';
import {
  type ControlLine,
  endSession,
  getUsage,
  hookAnswer,
  initialize,
  interrupt,
  permissionDenied,
  SCOPE_HOOK,
  userMessage,
} from '../../../src/workers/claude/control.ts';
import { RUN_COOKIE, workerVariables } from '../../../src/workers/claude/environment.ts';
import { compareVersions } from '../../../src/workers/claude/locate.ts';

describe('lines to the worker', () => {
  it('are one line of JSON each, whatever is in them', () => {
    const odd = 'a\nb\r\u2028c\u0000"\\\ud800';
    const lines: ControlLine[] = [
      initialize(odd, 100),
      userMessage(odd, [odd, odd]),
      interrupt(odd),
      getUsage(odd),
      endSession(odd),
      hookAnswer(odd, { allow: true, reason: odd }),
      hookAnswer(odd, { allow: false, reason: odd }),
      permissionDenied(odd, odd),
    ];
    for (const line of lines) {
      const json = JSON.stringify(line);
      expect(json).not.toMatch(/[\n\r\0]/);
      expect(JSON.parse(json)).toEqual(line);
    }
  });

  it('ask for a hook on every tool that blocks when nobody answers', () => {
    expect(initialize('i', 4500)).toEqual({
      type: 'control_request',
      request_id: 'i',
      request: {
        subtype: 'initialize',
        hooks: {
          PreToolUse: [
            { matcher: '*', hookCallbackIds: [SCOPE_HOOK], timeout: 4500, onFailure: 'block' },
          ],
        },
      },
    });
  });

  it('give the task word for word, and context apart from it', () => {
    expect(userMessage('u', ['  /task\n', 'more'])).toEqual({
      type: 'user',
      uuid: 'u',
      message: {
        role: 'user',
        content: [
          { type: 'text', text: '  /task\n' },
          { type: 'text', text: 'more' },
        ],
      },
    });
  });

  it('say allow, deny or nothing to a hook', () => {
    const decision = (line: ControlLine) => JSON.stringify(line).match(/"(?:allow|deny)"/)?.[0];
    expect(decision(hookAnswer('r', { allow: true, reason: 'x' }))).toBe('"allow"');
    expect(decision(hookAnswer('r', { allow: false, reason: 'x' }))).toBe('"deny"');
    expect(decision(hookAnswer('r', { allow: 'default' }))).toBeUndefined();
    expect(decision(permissionDenied('r', 'x'))).toBe('"deny"');
  });
});

describe('the command line', () => {
  const args = (fields: object = {}) =>
    claudeArguments({
      sessionId: 's',
      resume: false,
      model: 'glm',
      allowWrite: false,
      mayAsk: false,
      maxTurns: 7,
      maxUsd: undefined,
      systemPromptFile: '/f',
      officialLogin: false,
      readableDirs: [],
      ...fields,
    });
  const given = (flag: string, list: string[]) => list[list.indexOf(flag) + 1];

  it('isolates the worker and refuses what is not expressly allowed', () => {
    expect(given('--setting-sources', args())).toBe('');
    expect(args()).toContain('--strict-mcp-config');
    expect(args()).toContain('--disable-slash-commands');
    expect(given('--permission-mode', args())).toBe('dontAsk');
    expect(given('--max-turns', args())).toBe('9');
  });

  it('gives a read-only worker nothing to write with', () => {
    expect(given('--tools', args())).toBe('Read,Grep,Glob,TodoWrite');
    expect(given('--tools', args({ allowWrite: true }))).toBe(
      'Read,Grep,Glob,TodoWrite,Edit,Write,NotebookEdit,Bash',
    );
  });

  it('passes settings of the right types: one wrong one would drop them all silently', () => {
    for (const officialLogin of [true, false]) {
      const settings = JSON.parse(given('--settings', args({ officialLogin })) ?? '');
      expect(Object.keys(settings).sort()).toEqual(['apiKeyHelper', 'env', 'permissions']);
      expect(Object.values(settings.env).every((value) => value === '')).toBe(true);
      expect(settings.permissions.deny).toContain('Edit(.git/**)');
    }
    const login = JSON.parse(given('--settings', args({ officialLogin: true })) ?? '');
    expect(Object.keys(login.env)).toEqual([...PROVIDER_VARIABLES]);
  });

  it('lets it read in further directories, named one by one', () => {
    expect(args()).not.toContain('--add-dir');
    expect(args({ readableDirs: ['/a b', '/c'] }).slice(-4)).toEqual([
      '--add-dir',
      '/a b',
      '--add-dir',
      '/c',
    ]);
  });

  it('leaves the model out only where none was chosen', () => {
    expect(args({ model: undefined })).not.toContain('--model');
    expect(given('--model', args())).toBe('glm');
  });
});

describe('the environment', () => {
  const options = { runId: 'run_1', tmpDir: '/t', configDir: '/c' };

  it('carries the cookie and keeps work in the foreground', () => {
    expect(workerVariables(options)).toMatchObject({
      [RUN_COOKIE]: 'run_1',
      CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
      CLAUDE_CODE_TMPDIR: '/t',
      CLAUDE_CONFIG_DIR: '/c',
      CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST: '1',
    });
  });

  it('leaves the official login its own configuration', () => {
    const names = Object.keys(workerVariables({ ...options, configDir: undefined }));
    expect(names).not.toContain('CLAUDE_CONFIG_DIR');
    expect(names).not.toContain('CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST');
  });
});

describe('versions', () => {
  it.each<[string, string, number]>([
    ['2.1.295', '2.1.295', 0],
    ['2.1.294', '2.1.295', -1],
    ['2.1.1000', '2.1.295', 1],
    ['2.2.0', '2.1.329', 1],
    ['10.0.0', '9.9.9', 1],
    ['2.1', '2.1.0', 0],
  ])('%s against %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
  });
});
