import { type ScalarFunction, scalar, variant } from './definition.js';

function urlOf(text: string): URL {
  return new URL(text);
}

/** The parts as they are written; URL itself would normalise them. */
const PARTS = /^([^:/?#]+):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?/;

function part(text: string, at: number): string | null {
  urlOf(text);
  return PARTS.exec(text)?.[at] ?? null;
}

const plus = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const url = (
  name: string,
  description: string,
  run: (text: string) => string | number | null,
  returns = 'STRING',
): ScalarFunction => scalar('URL', name, description, variant(`(STRING) ${returns}`, run));

export const URL_FUNCTIONS: readonly ScalarFunction[] = [
  url('URL_EXTRACT_PROTOCOL', 'The scheme.', (text) => part(text, 1)),
  url('URL_EXTRACT_HOST', 'The host.', (text) => urlOf(text).hostname || null),
  url(
    'URL_EXTRACT_PORT',
    'The port, where one is written.',
    (text) => {
      const port = /:(\d+)$/.exec(part(text, 2) ?? '')?.[1];
      return port === undefined ? null : Number(port);
    },
    'INTEGER',
  ),
  url('URL_EXTRACT_PATH', 'The path.', (text) => part(text, 3)),
  url('URL_EXTRACT_QUERY', 'The query, decoded.', (text) => {
    const query = part(text, 4);
    return query === null ? null : decodeURIComponent(query);
  }),
  url('URL_EXTRACT_FRAGMENT', 'The fragment, decoded.', (text) => {
    const fragment = part(text, 5);
    return fragment === null ? null : decodeURIComponent(fragment);
  }),
  scalar(
    'URL',
    'URL_EXTRACT_PARAMETER',
    'The value of a parameter of the query.',
    variant('(STRING, STRING) STRING', (text: string, name: string) => {
      const pairs = (part(text, 4) ?? '').split('&').map((pair) => pair.split('='));
      const found = pairs.find(([key = '']) => plus(key) === name);
      return found === undefined ? null : plus(found.slice(1).join('='));
    }),
  ),
  url('URL_ENCODE_PARAM', 'The text as it stands in a query.', (text) =>
    encodeURIComponent(text)
      .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  url('URL_DECODE_PARAM', 'The text that stands encoded in a query.', plus),
];
