export interface Answer {
  readonly status: number;
  readonly type: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of a JSON API, compared as they are
  readonly body: any;
}

/** One request of a Schema Registry on this machine. What is no JSON is answered as text. */
export async function askRegistry(
  port: number,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const field = (name: string, type: unknown = 'int', more = {}) => ({ name, type, ...more });

/** What is registered of a record R with these fields. */
export const record = (...fields: unknown[]) => ({ schema: JSON.stringify({ type: 'record', name: 'R', fields }) });
