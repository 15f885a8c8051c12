/**
 * How a command is written: what it needs is opened for it and closed after it, whatever happens.
 */
import type { Command } from 'commander';
import { openContext } from './context.ts';
import type { Context } from './context.ts';
import { openOutput } from './output.ts';
import type { Output } from './output.ts';

export interface Run<Options> {
  readonly context: Context;
  readonly output: Output;
  readonly options: Options;
}

/** Adds `--json`, and runs `action` with the command's arguments and an open context. */
export function runs<Options extends object>(
  command: Command,
  action: (run: Run<Options>, ...args: (string | undefined)[]) => Promise<void>,
): Command {
  return command.option('--json', 'print the result as JSON').action(async (...given: unknown[]) => {
    const options = command.opts<Options & { json?: boolean }>();
    const args = given.slice(0, command.registeredArguments.length) as (string | undefined)[];
    const context = openContext();
    try {
      await action({ context, output: openOutput(options.json === true), options }, ...args);
    } finally {
      await context.close();
    }
  });
}
