import type { Header } from '../../../clients/kafka/contract.js';
import { framedId } from '../../../protocol/confluent/framing.js';
import { below, only, optional, splitList } from '../../../protocol/connect/option.js';
import { Options } from '../config/options.js';
import { CONNECT_EXCEPTION, ConnectFailure, dataFailure } from '../data/failure.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { avroConverter } from './avro.js';
import { type Attribute, attributesOf, dataMaker, envelopeStruct, type Metadata } from './cloud-event.js';
import type { Converter, ConverterPlugin } from './converter.js';
import { jsonConverter } from './json.js';

const DEFAULT_SOURCES = 'value,id:generate,type:generate,traceparent:header,dataSchemaName:generate';

export const cloudEventsConverter: ConverterPlugin = {
  className: 'io.debezium.converters.CloudEventsConverter',
  meaning:
    'A change event as a CloudEvent; `json.…` and `avro.…` are options of the converters of its parts. What is no change event becomes null, as in Debezium. It only writes: a sink is refused.',
  options: [
    optional('STRING', 'serializer.type', 'json', 'Form of the event.', {
      oneOf: ['json', 'avro'],
      check: (form, config) =>
        form.trim().toLowerCase() === 'avro' && config['data.serializer.type']?.trim().toLowerCase() !== 'avro'
          ? "Cannot use 'application/json' data content type within Avro events"
          : undefined,
    }),
    optional('STRING', 'data.serializer.type', 'json', 'Form of its data.', { oneOf: ['json', 'avro'] }),
    optional(
      'BOOLEAN',
      'extension.attributes.enable',
      'true',
      'Whether the source and the transaction are attributes.',
    ),
    optional('LIST', 'metadata.source', DEFAULT_SOURCES, 'Where metadata come from: value or header, and by field.', {
      check: sourcesProblem,
    }),
    optional('STRING', 'schema.name.adjustment.mode', 'avro', 'How names of schemas are adjusted.', {
      oneOf: ['avro', 'none'],
    }),
    optional('STRING', 'schema.cloudevents.name', null, 'Name of the event’s schema; default: by the topic prefix.'),
    only(
      ['false'],
      'there is no tracing',
      optional('BOOLEAN', 'opentelemetry.tracing.attributes.enable', 'false', 'Whether `traceparent` is an attribute.'),
    ),
    only(
      ['false'],
      'Debezium 3.4 does not read it either',
      optional(
        'BOOLEAN',
        'schema.data.name.source.header.enable',
        'false',
        'Whether a header names the data’s schema.',
      ),
    ),
  ],
  nested: ['json.', 'avro.'],
  create: (options, isKey) => new CloudEventsConverter(options, isKey),
};

type From = 'value' | 'header' | 'generate';

interface Sources {
  readonly all: From;
  readonly id: From;
  readonly type: From;
}

const isFrom = (text: string): text is From => ['value', 'header', 'generate'].includes(text);

/** "value,id:generate,type:header": the first is that of the source, the operation and the transaction. */
function sourcesOf(list: string): Sources {
  const entries = splitList(list).map((item) => item.toLowerCase().split(':'));
  const fields = new Map(entries.flatMap(([name = '', from]) => (from === undefined ? [] : [[name, from] as const])));
  const [first = 'value'] = entries.filter((entry) => entry.length === 1).flat();
  const all = isFrom(first) ? first : 'value';
  const from = (name: string): From => {
    const found = fields.get(name) ?? all;
    return isFrom(found) ? found : 'generate';
  };
  return { all, id: from('id'), type: from('type') };
}

function sourcesProblem(list: string): string | undefined {
  for (const item of splitList(list)) {
    const [first = '', second] = item.toLowerCase().split(':');
    if (second === undefined && first === 'generate') return "Global metadata source can't be GENERATE";
    if (!isFrom(second ?? first)) return `'${second ?? first}' is none of value, header, generate`;
  }
  return undefined;
}

class CloudEventsConverter implements Converter {
  private readonly sources: Sources;
  private readonly avroData: boolean;
  private readonly avroEvent: boolean;
  private readonly data: Converter;
  private readonly envelope: Converter | undefined;
  private readonly headers: Converter;
  private readonly registryUrl: string;
  private readonly dataOf: (value: Struct) => Struct;

  constructor(
    private readonly options: Options,
    isKey: boolean,
  ) {
    const delegate = (form: 'json' | 'avro'): Converter => {
      const plugin = form === 'avro' ? avroConverter : jsonConverter;
      return plugin.create(new Options(plugin.options, below(options.raw, `${form}.`)), isKey);
    };
    this.sources = sourcesOf(options.string('metadata.source'));
    this.avroData = options.choice('data.serializer.type') === 'avro';
    this.avroEvent = options.choice('serializer.type') === 'avro';
    this.data = delegate(this.avroData ? 'avro' : 'json');
    this.envelope = this.avroEvent ? delegate('avro') : undefined;
    this.headers = jsonConverter.create(new Options(jsonConverter.options, {}), false);
    this.dataOf = dataMaker(this.sources.all === 'value');
    this.registryUrl = splitList(options.raw['avro.schema.registry.url'] ?? '')[0] ?? '';
  }

  fromConnect(
    topic: string,
    schema: Schema | undefined,
    value: Value,
    headers: readonly Header[] = [],
  ): Buffer | null | Promise<Buffer | null> {
    if (schema === undefined || !(value instanceof Struct)) return null;
    const metadata = this.metadata(value, headers);
    if (metadata === undefined) return null;
    const data = this.dataOf(value);
    const bytes = this.data.fromConnect(this.avroData ? `${topic}-data` : topic, data.schema, data);
    if (bytes instanceof Promise) return bytes.then((ready) => this.event(topic, metadata, ready));
    return this.event(topic, metadata, bytes);
  }

  toConnect(): never {
    throw dataFailure('The embedded Connect’s CloudEventsConverter only writes: read such topics without Connect');
  }

  private event(topic: string, metadata: Metadata, data: Buffer | null): Buffer | null | Promise<Buffer | null> {
    const attributes = attributesOf(metadata, {
      contentType: this.avroData ? 'application/avro' : 'application/json',
      dataSchema: this.avroData && data !== null ? `${this.registryUrl}/schemas/ids/${framedId(data)}` : undefined,
      extensions: this.options.boolean('extension.attributes.enable'),
    });
    if (this.envelope === undefined) return Buffer.from(this.jsonText(attributes, data), 'utf8');
    const event = envelopeStruct(metadata, attributes, data, {
      name: this.options.text('schema.cloudevents.name'),
      adjusts: this.options.choice('schema.name.adjustment.mode') === 'avro',
    });
    return this.envelope.fromConnect(topic, event.schema, event);
  }

  private jsonText(attributes: readonly Attribute[], data: Buffer | null): string {
    const members = attributes.map(({ name, value }) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    const text = this.avroData ? JSON.stringify(data?.toString('base64') ?? null) : (data?.toString('utf8') ?? 'null');
    return `{${[...members, `"data":${text}`].join(',')}}`;
  }

  /** Undefined: no change event, or headers that do not make it one. */
  private metadata(value: Struct, headers: readonly Header[]): Metadata | undefined {
    const inHeader = (name: string): Value | undefined => {
      const header = headers.findLast(([one]) => one === name);
      if (header === undefined) return undefined;
      const read = this.headers.toConnect('', header[1]);
      return read instanceof Promise ? undefined : read.value;
    };
    const fromValue = this.sources.all === 'value';
    if (fromValue && value.schema.name?.endsWith('.Envelope') !== true) return undefined;
    const find = (name: string): Value | undefined => (fromValue ? value.get(name) : inHeader(name));
    const [source, operation, transaction] = [find('source'), find('op'), find('transaction')];
    if (!(source instanceof Struct) || typeof operation !== 'string') return undefined;
    const required = (name: 'id' | 'type'): string | undefined => {
      if (this.sources[name] !== 'header') return undefined;
      const found = inHeader(name);
      if (typeof found === 'string') return found;
      throw new ConnectFailure(`Header \`${name}\` was not provided`, { className: CONNECT_EXCEPTION });
    };
    return {
      source,
      operation,
      transaction: transaction instanceof Struct ? transaction : undefined,
      hasTransaction: transaction !== undefined,
      id: required('id'),
      type: required('type'),
    };
  }
}
