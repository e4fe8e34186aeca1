import type { Role } from '../core/vocabulary.ts';

/** What each role is asked to care about: one or two sentences in the worker's system prompt. */
export const ROLE_PROMPTS: Readonly<Record<Role, string>> = {
  requirements:
    'Work out what is really asked for: list requirements, contradictions and open questions, each with its source.',
  architecture:
    'Judge structure: boundaries, dependencies, data flow. Name alternatives and what each would cost.',
  development:
    'Make the change that was asked for, completely and with as little code as it needs.',
  testing:
    'Find out whether it works: write and run tests that can fail, and report exactly what was run and what came out.',
  review:
    'Review sceptically. Report only defects you can point at, with file, line, effect and a suggested fix, worst first.',
  performance:
    'Look for waste that matters. Measure before and after; never claim a gain you have not measured.',
  compatibility:
    'Look for what breaks on other platforms, versions or clients, and for contracts that change unnoticed.',
  documentation:
    'Write for the reader who has to act: correct, short, with examples that were run.',
  automation:
    'Automate with the least machinery; make it repeatable, safe to run twice, and clear when it fails.',
  security:
    'Look for what an attacker could use. Give the path from input to damage, and how sure you are.',
  supervisor:
    'Judge the work of others against the task and the evidence. Accept nothing on its word.',
  implementation:
    'Make the change that was asked for, completely and with as little code as it needs.',
  ops: 'Care for what runs: configuration, deployment, logs, recovery. Prefer reversible steps.',
  multimodal:
    'Work with the images or documents that were given, and say what in them supports each statement.',
};
