import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { connectComponent } from '../../../../src/kinds/connector/component.js';
import { databaseComponent } from '../../../../src/kinds/database/component.js';
import { GATEWAY, gatewayComponent } from '../../../../src/kinds/gateway/component.js';
import { ksqldbComponent } from '../../../../src/kinds/ksqldb/component.js';
import { rabbitmqComponent } from '../../../../src/kinds/rabbitmq/component.js';
import { serviceComponent } from '../../../../src/kinds/service/component.js';
import { storeComponent } from '../../../../src/kinds/store/component.js';
import { registryComponent } from '../../../../src/kinds/subject/component.js';
import { kafkaComponent } from '../../../../src/kinds/topic/component.js';
import type { TargetSection } from '../../../../src/pipeline/pipeline.js';
import { containerDifferences } from '../../../../src/targets/compose/container-differences.js';
import { parseContainer } from '../../../../src/targets/compose/containers.js';
import { PipelineProject } from '../../../../src/targets/compose/pipeline-project.js';
import { composeProject, projectText } from '../../../../src/targets/compose/project.js';
import { placeComponents } from '../../../../src/targets/placement.js';
import { PipelineSecrets } from '../../../../src/targets/secrets.js';
import type { TargetInput } from '../../../../src/targets/target.js';

const SERVERS = {
  kafka: kafkaComponent,
  registry: registryComponent,
  connect: connectComponent,
  ksqldb: ksqldbComponent,
  rabbitmq: rabbitmqComponent,
};

const everything = {
  target: { name: 'compose', base: 'compose' } as TargetSection,
  servers: Object.keys(SERVERS) as readonly (keyof typeof SERVERS)[],
  services: [
    { name: 'orders', container: { image: 'example/orders:1' }, port: 8000 },
    { name: 'stock', container: { build: 'stock' }, port: 8001 },
    { name: 'mails', container: undefined, port: undefined },
  ] as readonly Parameters<typeof serviceComponent>[0][],
  stores: [
    { name: 'catalog', kind: 'documents', optional: false },
    { name: 'sessions', kind: 'cache', optional: true },
  ] as readonly Parameters<typeof storeComponent>[0][],
  gateway: ['orders', 'stock'] as readonly string[] | undefined,
};

function inputOf(changes: Partial<typeof everything> = {}): TargetInput {
  const { target, servers, services, stores, gateway } = { ...everything, ...changes };
  const [name, folder, taken] = ['shop', '/shop', new Set(['redis'])];
  const routes = gateway?.map((service) => ({ prefix: `/${service}`, service }));
  const components = [
    ...['orders', 'stock'].map((database) => databaseComponent({ name: database }, { target })),
    ...servers.map((server) => SERVERS[server]({ name, target, rabbitmq: undefined })),
    ...stores.map((store) => storeComponent(store, { target, stores })),
    ...services.map((service) => serviceComponent(service, { target, folder }, taken)),
    ...(routes === undefined ? [] : [gatewayComponent({ port: 8080, routes }, { target })]),
  ];
  return { pipeline: name, file: '/shop/evpipe.yaml', folder, target, components };
}

function planOf(changes: Partial<typeof everything> = {}, env: Readonly<Record<string, string>> = {}): PipelineProject {
  const input = inputOf(changes);
  const secrets = new PipelineSecrets('/nowhere'); // is not asked: a project has no password in it
  return new PipelineProject('evpipe-shop-1', input, placeComponents(input, env), env, secrets);
}

interface Service {
  readonly image?: string;
  readonly build?: unknown;
  readonly ports?: readonly string[];
  readonly healthcheck?: unknown;
  readonly mem_limit?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

function servicesOf(plan: PipelineProject): Readonly<Record<string, Service>> {
  const text = projectText(plan.project(plan.preferredPorts()));
  return (parse(text) as { services: Record<string, Service> }).services;
}

describe('the Compose project of a pipeline', () => {
  it('with everything in it is the one that was looked through', async () => {
    const plan = planOf();
    await expect(projectText(plan.project(plan.preferredPorts()))).toMatchFileSnapshot('everything.yaml');
  });

  it('has only what the pipeline declares', () => {
    const plan = planOf({ servers: ['kafka'], stores: [], services: [], gateway: undefined });
    expect(Object.keys(servicesOf(plan))).toEqual(['postgres', 'kafka']);
    expect(plan.project({}).volumes).toEqual({ postgres: {}, kafka: {} });
  });

  it('has several servers of a sort, each with its container, port, volume and secrets', () => {
    const target = everything.target;
    const databases = [{ name: 'shop' }, { name: 'old', server: 'legacy', database: 'shop' }];
    const stores = [
      { name: 'sessions', kind: 'cache' as const, optional: false },
      { name: 'carts', kind: 'cache' as const, optional: false, server: 'carts' },
    ];
    const components = [
      ...databases.map((one) => databaseComponent(one, { target, databases, stores })),
      ...stores.map((one) => storeComponent(one, { target, databases, stores })),
    ];
    const input = { ...inputOf(), components };
    const plan = new PipelineProject('x', input, placeComponents(input, {}), {}, new PipelineSecrets('/nowhere'));
    const project = plan.project(plan.preferredPorts());
    expect(Object.keys(project.services)).toEqual(['postgres', 'postgres-legacy', 'redis', 'redis-carts']);
    expect(project.services['postgres-legacy']).toMatchObject({
      ports: ['127.0.0.1:5433:5432'],
      volumes: ['postgres-legacy:/var/lib/postgresql'],
      secrets: [{ source: 'postgres-legacy.postgres-password', target: 'postgres-password' }],
    });
    expect(project.services['redis-carts']).toMatchObject({ ports: ['127.0.0.1:6380:6379'] });
    expect(project.volumes).toEqual({ postgres: {}, 'postgres-legacy': {}, redis: {}, 'redis-carts': {} });
    expect(project.secrets).toMatchObject({
      'redis.conf': { file: './secrets/redis.conf' },
      'redis-carts.redis.conf': { file: './secrets/redis-carts.redis.conf' },
    });
  });

  it('hands the gateway its folders of files, to be read only', () => {
    const input = inputOf({ services: [], gateway: undefined });
    const routes = [
      { prefix: '/', files: '/shop/site' },
      { prefix: '/media', files: '/shop/media' },
      { prefix: '/home', files: '/shop/site' },
    ];
    const gateway = gatewayComponent({ port: 8080, routes }, input);
    const components = [...input.components, gateway];
    const project = composeProject({
      name: 'shop',
      containers: components.flatMap(({ compose }) => compose ?? []),
      ports: { GATEWAY_PORT: 8080 },
      variables: { GATEWAY_PORT: '8080' },
    });
    expect(project.services.gateway?.volumes).toEqual([
      { type: 'bind', source: '/shop/site', target: '/srv/files0', read_only: true },
      { type: 'bind', source: '/shop/media', target: '/srv/files1', read_only: true },
    ]);
    const config = gateway.compose?.launchFile?.text({ routes }, new PipelineSecrets('/nowhere'));
    expect(config?.match(/location [^{]*\{\n *alias [^;]+/g)?.map((one) => one.replace(/\{\n */, ''))).toEqual([
      'location / alias "/srv/files0/"',
      'location ^~ "/media/" alias "/srv/files1/"',
      'location ^~ "/home/" alias "/srv/files0/"',
    ]);
  });

  it('publishes ports on 127.0.0.1 only, pins every image, limits every container, and looks after every server', () => {
    for (const [name, service] of Object.entries(servicesOf(planOf()))) {
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      if (service.build === undefined) expect(service.image, name).toMatch(/:\w[\w.-]*$/);
      expect(service.mem_limit, name).toMatch(/^\d+[mg]$/);
      if (!everything.services.some((one) => one.name === name)) expect(service.healthcheck, name).toBeDefined();
    }
  });

  it('takes other images from the environment, also those that Connect is built from', () => {
    const env = {
      EVPIPE_IMAGE_KAFKA: 'mirror.example/kafka:4.0.0',
      EVPIPE_IMAGE_CONNECT: 'mirror.example/connect:3.3',
    };
    const [pinned, other] = [servicesOf(planOf()), servicesOf(planOf({}, env))];
    expect(other.kafka?.image).toBe('mirror.example/kafka:4.0.0');
    expect(other.connect?.build).toMatchObject({
      dockerfile_inline: expect.stringContaining('FROM mirror.example/connect:3.3\n'),
    });
    expect(other.connect?.image).not.toBe(pinned.connect?.image);
  });

  it('keeps the address for this host and the one for containers apart', () => {
    const plan = planOf();
    const { kafka } = plan.project({ ...plan.preferredPorts(), KAFKA_PORT: 9099 }).services;
    expect(kafka).toMatchObject({
      environment: { KAFKA_ADVERTISED_LISTENERS: 'HOST://127.0.0.1:9099,INSIDE://kafka:19092' },
      ports: ['127.0.0.1:9099:9092'],
    });
  });

  it('tells servers of what has an address, waits for none of it, and names their topics after the pipeline', () => {
    const target = {
      name: 'mixed',
      base: 'compose' as const,
      kafka: { bootstrapServers: 'kafka.example.org:9092' },
      schemaRegistry: { url: 'http://localhost:8081', inside: { url: 'http://registry.example.org/' } },
    };
    const services = servicesOf(planOf({ target }));
    expect(Object.keys(services)).not.toContain('kafka');
    expect(services.ksqldb?.environment).toMatchObject({
      KSQL_BOOTSTRAP_SERVERS: 'kafka.example.org:9092',
      KSQL_KSQL_SCHEMA_REGISTRY_URL: 'http://registry.example.org',
      KSQL_KSQL_SERVICE_ID: 'shop_',
    });
    expect(services.connect?.environment).toMatchObject({ OFFSET_STORAGE_TOPIC: '_evpipe_shop_connect-offsets' });
    expect(services.connect?.depends_on).toBeUndefined();
    expect(Object.keys(services.ksqldb?.depends_on ?? {})).toEqual(['connect']);
  });

  it('differs from a container in its image, its variables and its ports, whatever else the container has', () => {
    const { kafka } = planOf().project({ KAFKA_PORT: 9092 }).services;
    const { environment = {} } = servicesOf(planOf()).kafka ?? {};
    const running = (changes: { readonly image?: string; readonly level?: string; readonly port?: string }) =>
      parseContainer({
        Id: 'c0ffee',
        Config: {
          Labels: { 'com.docker.compose.service': 'kafka' },
          Image: changes.image ?? 'apache/kafka:4.1.1',
          Env: [
            'PATH=/usr/bin',
            ...Object.entries({ ...environment, ...(changes.level && { KAFKA_NODE_ID: changes.level }) }).map(
              ([name, value]) => `${name}=${value}`,
            ),
          ],
        },
        HostConfig: { PortBindings: { '9092/tcp': [{ HostIp: '127.0.0.1', HostPort: changes.port ?? '9092' }] } },
        State: {
          Status: 'running',
          ExitCode: 0,
          StartedAt: '2026-01-01T00:00:00Z',
          FinishedAt: '2026-01-01T00:00:00Z',
        },
      });
    const found = (changes: Parameters<typeof running>[0]) => containerDifferences(running(changes), kafka ?? {});
    expect(found({})).toEqual([]);
    expect(found({ image: 'docker.io/apache/kafka:4.1.1' })).toEqual([]);
    expect(found({ image: 'apache/kafka:4.0.0', level: '7', port: '19092' })).toEqual([
      { part: 'image', before: 'apache/kafka:4.0.0', after: 'apache/kafka:4.1.1' },
      { part: 'env', name: 'KAFKA_NODE_ID', before: '7', after: '1' },
      { part: 'port', before: '127.0.0.1:19092:9092', after: '127.0.0.1:9092:9092' },
    ]);
  });

  it('leaves out what a ksqlDB without a registry and Connect can’t be told', () => {
    const { ksqldb } = servicesOf(planOf({ servers: ['kafka', 'ksqldb'] }));
    expect(Object.keys(ksqldb?.environment ?? {})).toEqual([
      'KSQL_LISTENERS',
      'KSQL_BOOTSTRAP_SERVERS',
      'KSQL_HEAP_OPTS',
    ]);
  });

  it('refuses containers that would have to reach a process of this host', () => {
    const target = { name: 'mixed', base: 'compose' as const, kafka: 'embedded' as const };
    const plan = planOf({ target });
    expect(() => plan.project({})).toThrow(
      expect.objectContaining({
        code: 'EVPIPE_COMPOSE_UNREACHABLE',
        message: expect.stringContaining('can’t reach kafka'),
      }),
    );
  });

  it('refuses containers around a Kafka that asks for a login', () => {
    const sasl = { mechanism: 'plain', username: 'shop', password: 'secret' } as const;
    const target = {
      name: 'mixed',
      base: 'compose' as const,
      kafka: { bootstrapServers: 'kafka.example.org:9092', sasl },
    };
    expect(() => planOf({ target }).project({})).toThrow(
      expect.objectContaining({ code: 'EVPIPE_COMPOSE_UNREACHABLE' }),
    );
  });

  it('has nginx only where all services behind it are containers', () => {
    const placed = (services: readonly string[]) => {
      return placeComponents(inputOf({ gateway: services }), {}).providerOf(GATEWAY);
    };
    expect(placed(['orders', 'stock'])).toBe('compose');
    expect(placed(['orders', 'mails'])).toBe('embedded');
  });

  it('gives a service that is called as a server another name', () => {
    const redis = { name: 'redis', container: { image: 'example/redis-admin:1' }, port: undefined };
    const services = servicesOf(planOf({ services: [redis], gateway: undefined }));
    expect(services['service-redis']).toMatchObject({ image: 'example/redis-admin:1' });
    expect(services.redis?.image).toMatch(/^redis:/);
  });
});
