import { type Command, Option } from 'commander';

const repeatable = (value: string, before: string[] = []): string[] => [...before, value];

export function addCommonOptions(command: Command): void {
  command
    .option('-f, --file <path>', 'pipeline file or folder; several are merged; - reads standard input', repeatable)
    .option('--profile <name>', 'merge this profile of the file; repeatable', repeatable)
    .option('--target <name>', 'embedded, compose, cluster or a target of the file')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .option('-q, --quiet', 'print results only')
    .option('-v, --verbose', 'print more, and stack traces of errors')
    .option('--no-color', 'no colour (so does NO_COLOR)')
    .option('--timeout <duration>', 'how long to wait before giving up: 500ms, 30s, 2m')
    .option('-y, --yes', 'ask nothing');
}
