import * as z from 'zod';
import { ROLES } from '../core/vocabulary.ts';

/** The suites of the predecessor; a score of one says nothing about another. */
export const SUITES = ['code', 'review', 'security', 'long_context', 'multimodal'] as const;
export type Suite = (typeof SUITES)[number];

const check = { name: z.string().regex(/^[a-z_]{1,40}$/), weight: z.number().min(0).default(1) };
/** It counts nothing when it holds; when it does not, the whole answer is worth nothing. */
const gate = z.boolean().default(false);
/** Least value at which the check counts as passed. */
const least = z.number().min(0).max(1).default(1);

/** How an answer is judged: each check gives a value between 0 and 1. */
const checkSpec = z.discriminatedUnion('kind', [
  /** Nothing but these globs was changed; `protect` names those that have a check of their own. */
  z.strictObject({
    ...check,
    kind: z.literal('scope'),
    allow: z.array(z.string()).default([]),
    protect: z.array(z.string()).default([]),
    gate: gate.default(true),
  }),
  /** These files are as they were. */
  z.strictObject({
    ...check,
    kind: z.literal('intact'),
    paths: z.array(z.string()).min(1),
    gate: gate.default(true),
  }),
  /**
   * A script of `hidden/` is run in a copy of the result and tells case by case what holds. Its first
   * argument is a word that the answer cannot know and its report has to repeat.
   */
  z.strictObject({
    ...check,
    kind: z.literal('script'),
    file: z.string().regex(/^[\w.-]+\.mjs$/),
    timeout_seconds: z.int().min(1).max(600).default(30),
    least,
    gate,
  }),
  /** Structured findings compared with the planted ones. */
  z.strictObject({
    ...check,
    kind: z.literal('findings'),
    measure: z.enum(['recall', 'precision', 'decoys']),
    least,
    gate,
  }),
  /** Fields of the structured answer compared with the truth. */
  z.strictObject({
    ...check,
    kind: z.literal('fields'),
    expect: z.record(z.string(), z.unknown()),
    least,
    gate,
  }),
  /** There is a structured answer, and it satisfies the schema. */
  z.strictObject({ ...check, kind: z.literal('format'), gate: gate.default(true) }),
]);
export type CheckSpec = z.infer<typeof checkSpec>;

const lines = z.tuple([z.int().min(1), z.int().min(1)]);

/** A planted defect, or (decoy) a place that only looks like one. */
const planted = z.strictObject({
  file: z.string(),
  lines,
  /** Every word for it that is right. */
  kinds: z.array(z.string()).min(1),
  why: z.string(),
});
export type Planted = z.infer<typeof planted>;

/** `task.yaml`: all of a task but the files beside it (docs/benchmarks.md). */
export const taskSpec = z.strictObject({
  schema_version: z.literal(1),
  suite: z.enum(SUITES),
  title: z.string().min(1).max(100),
  role: z.enum(ROLES),
  task: z.string().min(1),
  /** What the worker may change and run; without it the task is read-only. */
  scope: z
    .strictObject({ paths: z.array(z.string()), commands: z.array(z.string()).default([]) })
    .optional(),
  output_schema: z.record(z.string(), z.unknown()).optional(),
  budget: z.strictObject({
    wall_seconds: z.int().min(10).max(3600),
    max_turns: z.int().min(1).max(200),
    max_tokens: z.int().min(1000),
  }),
  /** What it usually takes, for the estimate of a plan. */
  estimate: z.strictObject({ input_tokens: z.int().min(0), output_tokens: z.int().min(0) }),
  checks: z.array(checkSpec).min(1),
  findings: z
    .strictObject({ planted: z.array(planted).min(1), decoys: z.array(planted).default([]) })
    .optional(),
  /** A structured answer with this says that the model could not take the task up. */
  unknown_if: z.strictObject({ field: z.string(), equals: z.unknown() }).optional(),
  /** Further files of plausible text, the same every time, among which the facts have to be found. */
  filler: z
    .strictObject({ files: z.int().min(1).max(500), bytes: z.int().min(100).max(20_000) })
    .optional(),
});
export type TaskSpec = z.infer<typeof taskSpec>;

export type BenchmarkTask = TaskSpec & {
  id: string;
  /** Digest of everything that a result depends on. */
  version: string;
  /** Holds `repo/`, `hidden/`, `good/` and `bad/`. */
  dir: string;
};
