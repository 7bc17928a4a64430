import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Options } from '../../../../../src/embedded/connect/config/options.js';
import type { Converter, ConverterPlugin } from '../../../../../src/embedded/connect/converters/converter.js';
import { Lifetime } from '../../../../../src/support/lifetime.js';

interface Posted {
  readonly schema: string;
  readonly schemaType?: string;
}

/** As much of a schema registry as converters ask: subjects with one version each, ids from 1. */
export async function startWorld() {
  const life = new Lifetime();
  const schemas: Array<Posted & { readonly subject: string }> = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, kind = '', name = '', ...rest] = decodeURIComponent(request.url ?? '').split('/');
    const answer = (body: unknown, status = 200) => response.writeHead(status).end(JSON.stringify(body));
    if (request.method === 'POST') {
      const posted = JSON.parse(String(Buffer.concat(chunks))) as Posted;
      const known = schemas.findIndex(({ subject, schema }) => subject === name && schema === posted.schema);
      answer({ id: known === -1 ? schemas.push({ ...posted, subject: name }) : known + 1 });
      return;
    }
    const id = kind === 'schemas' ? Number(rest[0]) : schemas.findLastIndex(({ subject }) => subject === name) + 1;
    const found = schemas[id - 1];
    if (found === undefined) answer({ error_code: 40403, message: 'Schema not found' }, 404);
    else answer({ id, ...found });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  life.onEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    life,
    schemas,
    converter: (plugin: ConverterPlugin, config: Record<string, string> = {}): Converter =>
      plugin.create(new Options(plugin.options, { 'schema.registry.url': url, ...config }), false),
    /** What somebody else registered; its id. */
    register: (subject: string, schemaType: string, schema: string): number =>
      schemas.push({ subject, schemaType, schema }),
  };
}

/** A value with Confluent's frame. */
export function framed(id: number, payload: string | Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(payload)]);
}
