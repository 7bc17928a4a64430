import { outputShape } from '../../src/cli/output-shapes.js';

/** Why what a command printed with -o json is not what docs/json-output.md says; undefined: it is, or it is no JSON. */
export function outputFault(args: readonly string[], stdout: string): string | undefined {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const isJson = own.some(
    (one, index) =>
      /^(-o|--output=)json$/.test(one) || (one === 'json' && /^(-o|--output)$/.test(own[index - 1] ?? '')),
  );
  const command = own.find((one) => !one.startsWith('-') && one !== 'json') ?? '';
  if (!isJson) return undefined;
  const shape = outputShape(command);
  if (shape === undefined) return undefined; // a unit test sees that all commands have one
  for (const line of stdout.split('\n').filter((one) => one !== '')) {
    const { error } = shape.safeParse(JSON.parse(line));
    if (error !== undefined) {
      const issues = JSON.stringify(error.issues, null, 1).slice(0, ISSUES_SHOWN_MAX);
      return `evpipe ${args.join(' ')} prints what docs/json-output.md does not say:\n${line.slice(0, 500)}\n${issues}`;
    }
  }
  return undefined;
}

const ISSUES_SHOWN_MAX = 4_000;
