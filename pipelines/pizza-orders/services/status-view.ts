/** Where the last status of an order is asked: of ksqlDB's view, or of the status service. Null: nothing is known of it yet. */
export type AskStatus = (order: string) => Promise<number | null>;

const TIMEOUT_MS = 3_000;

export const ksqldbStatus =
  (url: string, view: string): AskStatus =>
  async (order) => {
    const ksql = `SELECT status FROM ${view} WHERE order_id = '${order.replaceAll("'", "''")}';`;
    const response = await fetch(`${url}/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.ksql.v1+json', accept: 'application/vnd.ksql.v1+json' },
      body: JSON.stringify({ ksql, streamsProperties: {} }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`ksqlDB answered ${response.status}: ${await response.text()}`);
    const parts = (await response.json()) as { readonly row?: { readonly columns: readonly [number] } }[];
    return parts.find(({ row }) => row !== undefined)?.row?.columns[0] ?? null;
  };

export const serviceStatus =
  (url: string): AskStatus =>
  async (order) => {
    const response = await fetch(`${url}/api/status/${order}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`the status service answered ${response.status}`);
    return ((await response.json()) as { readonly status: number | null }).status;
  };
