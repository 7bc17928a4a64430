import type { Exchange } from './attacked.js';
import { defectIn } from './defect.js';
import type { Dice } from './dice.js';
import type { Shot } from './shot.js';
import { spitefulText, spoilJson, spoilJsonText, spoilText } from './spoil.js';

/** A request of an HTTP server, whole: one of several is made by dice. */
export interface Endpoint {
  readonly method: string;
  /** As its routes have it: `/subjects/:subject`. */
  readonly path: string;
  /** What stands in the path, by the names there. */
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  readonly queries?: readonly string[];
  readonly bodies?: readonly unknown[];
  readonly headers?: readonly string[];
  /** It may stream for ever. */
  readonly streams?: boolean;
}

export const endpointName = ({ method, path }: Endpoint): string => `${method} ${path}`;

const TYPES = [
  'application/json',
  'text/plain',
  'application/vnd.schemaregistry.v1+json',
  'application/x-www-form-urlencoded',
  'application/vnd.ksql.v1+json',
];
const ENCODED = [
  '%00',
  '%ff',
  '%',
  '%2e%2e',
  '%2F',
  '..',
  ' ',
  '',
  'a'.repeat(3_000),
  '%F0%9D%84%9E',
  '*',
  ':',
  '-1',
  '99999999999999999999',
  '1e3',
  '__proto__',
];

export function httpShot(dice: Dice, endpoint: Endpoint, spoiled: boolean): Shot {
  const place = spoiled
    ? dice.pick(
        endpoint.bodies === undefined
          ? ['path', 'query', 'head']
          : ['path', 'query', 'head', 'body', 'body', 'body', 'body'],
      )
    : 'none';
  const body = bodyOf(endpoint, dice, place === 'body');
  const query = dice.pick(['', ...(endpoint.queries ?? [])]);
  const target =
    pathOf(endpoint, dice, place === 'path') +
    (place === 'query'
      ? `?${spoilText(query === '' ? 'a=1&b=%20' : query, dice)}`.replace(/[\r\n ]/g, '+')
      : query === ''
        ? ''
        : `?${query}`);
  const lines = [
    `${endpoint.method} ${target} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...(endpoint.headers ?? []),
    ...(body === undefined
      ? []
      : [
          `Content-Type: ${place === 'head' ? dice.pick(TYPES) : 'application/json'}`,
          `Content-Length: ${body.length}`,
        ]),
  ];
  if (place === 'head') spoilHead(lines, dice);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const bytes = body === undefined ? head : Buffer.concat([head, body]);
  return {
    handler: endpointName(endpoint),
    bytes,
    shown: bytes.toString('latin1'),
    // A head that announces more than comes is waited for.
    mayWait: endpoint.streams === true || place === 'head',
    isComplete: () => false, // the server ends the connection
    isReached: (got) =>
      ![404, 405, 500].includes(statusOf(got)) ||
      (statusOf(got) === 404 && !got.received.includes('HTTP 404 Not Found')),
    defectOf(got) {
      const text = got.received.toString();
      return statusOf(got) === 500 && !OWED_500.test(text) ? text.slice(0, 800) : defectIn(text);
    },
  };
}

/** The original answers so, too: a class that it does not have or was not told, a statement that its servers refuse. */
const OWED_500 = /Failed to find any class|contains no connector type|"statement_error"/;

const statusOf = ({ received }: Exchange): number =>
  Number(/^HTTP\/1\.1 (\d+)/.exec(received.subarray(0, 20).toString('latin1'))?.[1] ?? 0);

function pathOf({ path, parameters = {} }: Endpoint, dice: Dice, spoiled: boolean): string {
  const segments = path
    .split('/')
    .map((part) => (part.startsWith(':') ? encodeURIComponent(dice.pick(parameters[part.slice(1)] ?? ['x'])) : part));
  if (spoiled) {
    const named = path.split('/').flatMap((part, at) => (part.startsWith(':') ? [at] : []));
    segments[named.length > 0 ? dice.pick(named) : segments.length - 1] = dice.pick(ENCODED).replaceAll(' ', '%20');
  }
  return segments.join('/') || '/';
}

function bodyOf({ bodies }: Endpoint, dice: Dice, spoiled: boolean): Buffer | undefined {
  if (bodies === undefined) return undefined;
  const whole = dice.pick(bodies);
  if (!spoiled) return Buffer.from(JSON.stringify(whole));
  if (typeof whole !== 'object' || whole === null || dice.chance(0.4)) return Buffer.from(spoilJsonText(whole, dice));
  // Texts of another language are within it: schemas, statements.
  const entries = Object.entries(whole);
  const texts = entries.filter(([, value]) => typeof value === 'string' && value.length > 20);
  if (texts.length === 0) return Buffer.from(JSON.stringify(spoilJson(whole, dice)) ?? '');
  const [name, text] = dice.pick(texts);
  return Buffer.from(JSON.stringify({ ...whole, [name]: spoilWithin(String(text), dice) }));
}

/** A JSON document stays one half of the time. */
function spoilWithin(text: string, dice: Dice): string {
  if (!/^\s*[[{]/.test(text) || dice.chance(0.5)) return spoilText(text, dice);
  return spoilJsonText(JSON.parse(text), dice);
}

function spoilHead(lines: string[], dice: Dice): void {
  const at = dice.below(lines.length);
  switch (dice.below(5)) {
    case 0:
      lines[at] = spoilText(lines[at] ?? '', dice);
      break;
    case 1:
      lines.push(`X-Odd: ${spitefulText(dice)}`);
      break;
    case 2:
      lines.push(`Accept: ${spitefulText(dice)}`, 'Content-Encoding: gzip');
      break;
    case 3:
      lines.push('Transfer-Encoding: chunked');
      break;
    default:
      lines[1] = `Host: ${dice.pick(['evil.example', '', '[::1', 'localhost:99999', 'localhost, localhost'])}`;
  }
}
