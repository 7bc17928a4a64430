import type { ServerResponse } from 'node:http';

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** What the gateway itself answers. */
export function sendProblem(response: ServerResponse, { status, code, message }: Problem): void {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  };
  response.writeHead(status, headers).end(JSON.stringify({ error: { code, message } }));
}
