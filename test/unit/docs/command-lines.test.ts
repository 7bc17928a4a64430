import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.js';
import { addCommonOptions } from '../../../src/cli/common-options.js';
import { packageFile } from '../../../src/support/package.js';
import { wordsOf } from '../../support/shell-words.js';

/** What a page or `--help` shows can be pasted: evpipe has the command, its options and their values. */

const examples = COMMANDS.flatMap(({ examples }) => examples.map((line) => `evpipe ${line}`));

const pages = [
  'README.md',
  ...['docs', 'pipelines', 'templates'].flatMap((folder) =>
    readdirSync(packageFile(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(folder, name)),
  ),
];

/** Lines of code blocks, and code within text, that begin with evpipe; text may name a command without its arguments. */
function commandLinesOf(page: string): readonly { readonly line: string; readonly isMention: boolean }[] {
  const text = readFileSync(packageFile(page), 'utf8');
  const blocks = [...text.matchAll(/```\w*\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replace(/```.*?```/gs, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const found = (lines: readonly string[], isMention: boolean) =>
    lines.flatMap((line) => {
      const [, command] = /(?:^|&& |\$ |^- run: )(?:npx )?(evpipe [a-z].*)$/.exec(line.trim()) ?? [];
      return command === undefined || /…|\.\.\./.test(command) ? [] : [{ line: command, isMention }];
    });
  return [...found(blocks, false), ...found(inline, true)];
}

/** Why evpipe would not take this; undefined: it would. */
function refusal(line: string): string | undefined {
  const program = new Command('evpipe').exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).action(() => {});
    entry.declare(command);
    addCommonOptions(command);
  }
  try {
    program.parse(wordsOf(line).slice(1), { from: 'user' });
    return undefined;
  } catch (failure) {
    const { code, message } = failure as { readonly code?: string; readonly message: string };
    return code === 'commander.helpDisplayed' || code === 'commander.help' ? undefined : `${line}: ${message}`;
  }
}

it('evpipe takes every example of its --help', () => {
  expect(examples.length).toBeGreaterThan(COMMANDS.length);
  expect(examples.flatMap((line) => refusal(line) ?? [])).toEqual([]);
});

it('evpipe takes every command line of the pages', () => {
  const lines = pages.flatMap((page) => commandLinesOf(page).map((found) => ({ page, ...found })));
  expect(lines.length).toBeGreaterThan(60);
  const refused = lines.flatMap(({ page, line, isMention }) => {
    const why = refusal(line);
    return why === undefined || (isMention && why.includes('missing required argument')) ? [] : [`${page}: ${why}`];
  });
  expect(refused).toEqual([]);
});

it('tells a command line that it would not take', () => {
  expect(refusal('evpipe tail orders --form-beginning')).toContain("unknown option '--form-beginning'");
  expect(refusal('evpipe stauts')).toContain("unknown command 'stauts'");
  expect(refusal("evpipe produce orders <<< '{}'")).toBeUndefined();
});
