import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { displayPath } from '../../../pipeline/build.js';
import { nodeAt, textsOf } from '../../../pipeline/document.js';
import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, placeOrder, warning } from '../../../pipeline/problem.js';
import type { SourceLocation } from '../../../support/errors.js';
import { programSources } from './sources.js';

/** The host and port of `kafka:9092`, `http://registry:8081`. */
const ADDRESS =
  /(?:([a-z][a-z0-9+.]*:\/\/)(?:[^\s/@'"]*@)?|(?<![\w.$/@:-]))(([a-z][a-z0-9.-]*|127\.0\.0\.1):(\d{4,5}))(?!\d)/dgi;
/** The host alone: `postgres://user@db/x`; `host=db`, `host 'db'` as libpq and CREATE SERVER have it. */
const BARE = /(\bhost(?:name)?(?:\s*=\s*'?|\s+')|:\/\/(?:[^\s/@'"]*@)?)(([a-z][a-z0-9-]*))(?=['\s/]|$)/dgi;

/**
 * Addresses that are written out where a reference belongs: the names of containers mean nothing on this host, and ports move where they
 * are taken. Looked for in what services and jobs are given, in their templates and variable files, in connectors, in SQL and ksql, and in the programs themselves.
 */
export function checkHosts(context: LintContext): readonly Problem[] {
  if (context.pipeline.target.base !== 'embedded') return [];
  const told = [...inSections(context), ...inFiles(context)].flatMap(({ text, location, named }) =>
    addressesIn(text, named).flatMap((address) => {
      const { index } = address;
      const place = index === undefined ? location : placeIn(text, index, location.file);
      return written(address, place, context, (reference) => `Use $(${reference}).`);
    }),
  );
  return [...told, ...inSources(context)].sort((a, b) => placeOrder(a.location, b.location));
}

function written(
  address: Written,
  place: SourceLocation,
  context: LintContext,
  todo: (reference: string) => string,
): readonly Problem[] {
  const reference = referenceFor(address, context);
  if (reference === undefined) return [];
  const message = `${address.written} is an address written out: the embedded target has its servers elsewhere`;
  return [warning('host-written', place, message, todo(reference))];
}

/** Line by line in what programs are written in: what stands beside a variable of the environment is only its default. */
function inSources(context: LintContext): readonly Problem[] {
  return programSources(context.pipeline).flatMap(({ file, text }) =>
    text.split('\n').flatMap((line, index) => {
      if (NO_ADDRESS_IN_CODE.test(line)) return [];
      const quoted = [...line.matchAll(QUOTED)].flatMap(({ 0: whole, index: from }) =>
        addressesIn(whole, undefined).map((one) => ({ ...one, column: from + (one.index ?? 0) + 1 })),
      );
      const hosts = [...line.matchAll(HOST_IN_CODE)].map(({ 1: host = '', index: from, 0: whole }) => ({
        ...{ written: host, host: host.toLowerCase(), port: undefined, index: undefined, isUrl: true },
        column: from + whole.length - host.length,
      }));
      return [...quoted, ...hosts].flatMap(({ column, ...address }) =>
        written(
          address,
          { file: displayPath(file, context.cwd), line: index + 1, column },
          context,
          (reference) => `Hand it in by the environment: env: { ADDRESS: $(${reference}) }.`,
        ),
      );
    }),
  );
}

/** Comments, and defaults of what the environment says. */
const NO_ADDRESS_IN_CODE = /^\s*(\/\/|#|\*|--)|\benv\b|environ|getenv|ENV\[|\$\{\w+:-/i;
const QUOTED = /(["'`])(?:(?!\1).)*\1/g;
/** `host: 'postgres'`, `host="db"`, `"bootstrap_host": "kafka"`. */
const HOST_IN_CODE = /\bhost(?:name)?["']?\s*[:=]\s*["'`]([a-z][a-z0-9-]*)["'`]/gi;

interface Text {
  readonly text: string;
  readonly location: SourceLocation;
  /** The last part of its path: an option or a variable. Undefined: a whole file, in which places are counted. */
  readonly named: string | undefined;
}

function inSections({ tree }: LintContext): readonly Text[] {
  return ['services', 'jobs', 'connectors'].flatMap((section) => {
    const node = nodeAt(tree, [section]);
    if (node === undefined) return [];
    return [...textsOf(node)]
      .filter(({ path: [, part] }) => part === 'env' || part === 'command' || part === 'config')
      .map(({ text, location, path }) => ({ text, location, named: path.at(-1) ?? '' }));
  });
}

function inFiles({ pipeline, kinds, cwd }: LintContext): readonly Text[] {
  const programs = [...pipeline.services, ...pipeline.jobs].flatMap((one) => [
    ...(one.envFile === undefined ? [] : [one.envFile]),
    ...('files' in one ? Object.values(one.files) : []),
  ]);
  const files = new Set([
    ...programs.map((file) => resolve(pipeline.folder, file)),
    ...kinds.flatMap((kind) => kind.sqlFiles?.(pipeline) ?? []),
  ]);
  return [...files].flatMap((file) => {
    try {
      const location = { file: displayPath(file, cwd), line: 1, column: 1 };
      return [{ text: readFileSync(file, 'utf8'), location, named: undefined }];
    } catch {
      return []; // another rule says that it can't be read
    }
  });
}

interface Written {
  readonly written: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly index: number | undefined;
  /** It can be nothing but an address: `order:1001` may be a key as well. */
  readonly isUrl: boolean;
}

function addressesIn(text: string, named: string | undefined): readonly Written[] {
  if (named !== undefined && /host(name)?$/i.test(named))
    return [{ written: text, host: text, port: undefined, index: undefined, isUrl: true }];
  return [ADDRESS, BARE].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => {
      const [, before, written = '', host = '', port] = match; // without what stands before it: a password may be in there
      const index = named === undefined ? match.indices?.[2]?.[0] : undefined;
      const isUrl = before !== undefined;
      return { written, host: host.toLowerCase(), port: port === undefined ? undefined : Number(port), index, isUrl };
    }),
  );
}

function referenceFor({ host, port, isUrl }: Written, { pipeline, kinds }: LintContext): string | undefined {
  const service = pipeline.services.find(({ name }) => isUrl && name === host);
  if (service !== undefined) return service.port === undefined ? undefined : `services.${host}.url`;
  const isHere = host === 'localhost' || host === '127.0.0.1';
  const known = kinds
    .flatMap(({ writtenAddresses }) => writtenAddresses ?? [])
    .find(({ hosts, ports }) => (isHere ? ports.includes(port ?? 0) : hosts.includes(host)));
  return known === undefined || known.placed(pipeline.target) !== undefined ? undefined : known.reference(pipeline);
}

function placeIn(text: string, index: number, file: string): SourceLocation {
  const before = text.slice(0, index).split('\n');
  return { file, line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
