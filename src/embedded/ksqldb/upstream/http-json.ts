/** How long Connect and the registry may take for one answer. */
const ANSWERED_WITHIN_MS = 30_000;

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** One JSON request; any status is an answer. Throws where nobody answers. */
export async function requestJson(
  url: string,
  method = 'GET',
  body?: unknown,
  contentType = 'application/json',
): Promise<JsonAnswer> {
  const response = await fetch(url, {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** What an upstream says in its `message`, or its whole answer. */
export function messageIn(answer: JsonAnswer): string {
  const { body } = answer;
  if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  return typeof body === 'string' && body !== '' ? body : `HTTP ${answer.status}`;
}
