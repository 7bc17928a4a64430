/** What the engine answers over HTTP/1.1 and HTTP/2, in the order of docs/ksqldb.md. */
export const ENDPOINTS = [
  {
    method: 'POST',
    path: '/ksql',
    meaning:
      'Statements other than SELECT and PRINT: `{ksql, streamsProperties, sessionVariables, commandSequenceNumber}`.',
  },
  { method: 'POST', path: '/query', meaning: 'A SELECT or PRINT: `{ksql, streamsProperties, sessionVariables}`.' },
  {
    method: 'POST',
    path: '/query-stream',
    meaning: 'A SELECT: `{sql, properties, sessionVariables}`; a line of columns, then a line a row.',
  },
  { method: 'POST', path: '/close-query', meaning: 'Ends a push query: `{queryId}`.' },
  {
    method: 'POST',
    path: '/inserts-stream',
    meaning: 'Inserts: a line `{target}`, then an object a row; each row is acknowledged by a line.',
  },
  {
    method: 'POST',
    path: '/ksql/terminate',
    meaning: 'Ends all queries and removes the command topic: `{deleteTopicList}`. Nothing is accepted afterwards.',
  },
  { method: 'GET', path: '/', meaning: 'Redirects to /info.' },
  { method: 'GET', path: '/info', meaning: 'Version, the ids of the Kafka cluster and of the service.' },
  { method: 'GET', path: '/v1/metadata', meaning: 'The same as Confluent’s tools ask for it.' },
  { method: 'GET', path: '/v1/metadata/id', meaning: 'The ids alone.' },
  {
    method: 'GET',
    path: '/healthcheck',
    meaning: 'Whether Kafka answers and all commands can be read; 503 where not.',
  },
  { method: 'GET', path: '/chc/live', meaning: 'Answers `{}`, whatever else is wrong.' },
  { method: 'GET', path: '/chc/ready', meaning: 'The same.' },
  { method: 'GET', path: '/clusterStatus', meaning: 'Every engine of the service with what it holds, and its lags.' },
  { method: 'GET', path: '/status', meaning: 'The commands that were executed.' },
  { method: 'GET', path: '/status/:type/:name/:action', meaning: 'One of them: `/status/stream/ORDERS/create`.' },
  { method: 'GET', path: '/is_valid_property/:property', meaning: 'Whether a client may set the property.' },
] as const;

export type EndpointPath = (typeof ENDPOINTS)[number]['path'];

export const WEBSOCKET_ENDPOINT = {
  path: '/ws/query',
  meaning: 'A SELECT or PRINT over a WebSocket, as Control Center asks it: `?request={"ksql": …}`; a message a row.',
} as const;
