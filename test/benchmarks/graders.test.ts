import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn } from '../../src/benchmarks/files.ts';
import { gradeAnswer } from '../../src/benchmarks/grade.ts';
import { layOut } from '../../src/benchmarks/scratch-project.ts';
import { SUITES } from '../../src/routing/benchmark-task.ts';
import { listTasks } from '../../src/routing/benchmark-tasks.ts';
import { userHome } from '../../src/workspace/home.ts';
import { scratch } from '../support/scratch.ts';
import { answersOf, leaveAnswer } from './answers.ts';

const never = new AbortController().signal;
const tasks = await listTasks(userHome({ CC_ORCHESTRATOR_HOME: '/nowhere' }));

it('every suite has a task, and every task good and bad answers', () => {
  expect(new Set(tasks.map(({ suite }) => suite))).toEqual(new Set(SUITES));
  for (const task of tasks) {
    const count = (which: string) => answersOf(task).filter((a) => a.which === which).length;
    expect(count('good'), task.id).toBeGreaterThanOrEqual(2);
    expect(count('bad'), task.id).toBeGreaterThanOrEqual(4);
  }
});

describe.each(tasks.map((task) => ({ task, id: task.id })))('$id', ({ task }) => {
  const answers = answersOf(task);

  it.each(answers.map((answer) => ({ answer, name: `${answer.which}/${answer.name}` })))(
    '$name is told for what it is',
    async ({ answer }) => {
      const grade = await gradeAnswer(
        task,
        await leaveAnswer(task, answer, join(scratch(), 'project')),
        never,
      );
      const failed = grade.checks.filter(({ passed }) => !passed).map(({ name }) => name);
      if (answer.which === 'unknown') {
        expect(grade).toMatchObject({ score: null, solved: null });
        return;
      }
      expect(failed.sort(), JSON.stringify(grade.checks)).toEqual([...answer.fails].sort());
      expect(grade.solved).toBe(answer.which === 'good');
      if (answer.which === 'good') expect(grade.score).toBeGreaterThanOrEqual(0.8);
      else expect(grade.score).toBeLessThanOrEqual(0.5);
      const gates = task.checks.filter(({ gate }) => gate).map(({ name }) => name);
      if (failed.some((name) => gates.includes(name))) expect(grade.score).toBe(0);
    },
  );

  it('the project of a worker shows nothing of the checks', async () => {
    const { dir } = await leaveAnswer(
      task,
      { name: '', which: 'good', dir: '/nowhere', delete: [], fails: [] },
      join(scratch(), 'project'),
    );
    const names = [...(await filesIn(dir)).keys()];
    expect(names.filter((name) => /hidden|task\.yaml|good|bad|cases\.mjs/.test(name))).toEqual([]);
  });

  it('an untouched project without an answer is worth nothing', async () => {
    const dir = join(scratch(), 'project');
    await layOut(task, dir);
    const grade = await gradeAnswer(task, { dir, output: undefined }, never);
    expect(grade.score).toBeLessThanOrEqual(0.2);
    expect(grade.solved).toBe(false);
  });
});
