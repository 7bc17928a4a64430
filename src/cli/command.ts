import type { Command } from 'commander';
import type { Shell } from './shell.js';

/** Options that every command takes; they may stand before or after the command's name. */
export interface CommonOptions {
  readonly file?: string[];
  readonly profile?: string[];
  readonly target?: string;
  readonly output: 'text' | 'json';
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** False with --no-color. */
  readonly color: boolean;
  readonly timeout?: string;
  readonly yes?: boolean;
  /** Of the commands that compare with what is there. */
  readonly adopt?: boolean;
}

/**
 * One command: its file declares arguments and options (cheaply: --help loads all of them) and imports what does
 * the work only when it runs. The action answers with the exit code.
 */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** One or more lines a user can paste, without the leading `evpipe`. */
  readonly examples: readonly string[];
  /** Not in --help: for programs. */
  readonly hidden?: boolean;
  declare(command: Command): void;
  /** After Ctrl-C it brings down what it has started, however long that takes; any other command ends within 2 s. */
  endsInOrder?(options: Readonly<Record<string, unknown>>): boolean;
  run(call: CommandCall): Promise<number>;
}

export interface CommandCall {
  readonly shell: Shell;
  /** What stands for the arguments that take one word, in their order. */
  readonly operands: readonly string[];
  /** What stands for the argument that takes several. */
  readonly rest: readonly string[];
  /** Those of them that stand behind `--`. */
  readonly afterDashes: readonly string[];
  readonly options: CommonOptions & Readonly<Record<string, unknown>>;
}
