import * as z from 'zod';

/** What a copy of one project needs beside its files. Here and not in the project: it runs a program. */
const project = z.strictObject({
  /** Ignored files that are copied (globs from the project directory), `.env` for instance. */
  copy: z.array(z.string().min(1).max(500)).max(50).default([]),
  /** Shell command that is run in the copy before the worker starts. */
  setup: z.string().min(1).max(4000).optional(),
  setup_timeout_seconds: z.int().min(1).max(3600).default(600),
  /** Variables that each get a free port. */
  ports: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
    .max(20)
    .default([]),
});

export const worktreePolicy = z.strictObject({
  /** The worker sees what is not committed, too; else the last commit. */
  uncommitted: z.boolean().default(true),
  /** Of all copies together; no further one is made beyond it. */
  max_bytes: z.int().min(1_000_000).default(20_000_000_000),
  /** By project directory. */
  projects: z.record(z.string(), project).default({}),
});
