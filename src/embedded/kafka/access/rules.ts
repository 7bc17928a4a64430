import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { type Api, type Decoded, type Fields, includes, type Struct } from '../../../protocol/kafka/schema.js';
import { refusal } from '../faults/refusal.js';
import { CLUSTER_NAME, type Operation, type ResourceType } from '../security/acl.js';
import { type Call, may } from '../server/call.js';

type Answer = Struct | undefined | Promise<Struct | undefined>;

/** A request on its way to its handler. */
interface Asked {
  readonly api: Api;
  readonly request: Struct;
  readonly call: Call;
}

/** Lets a request pass to what comes next, or a part of it, or refuses it. */
type Step = (asked: Asked, next: (request: Struct) => Answer) => Answer;

/** What one request needs, in words for the documentation, and the check of it. */
export interface AccessRule {
  readonly api: Api;
  readonly needs: string;
  readonly guard: Step;
}

export function rule<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  needs: string,
  ...steps: ReadonlyArray<TypedStep<Request>>
): AccessRule {
  const guard: Step = (asked, next) =>
    steps.reduceRight<(request: Struct) => Answer>(
      (then, step) => (request) => step({ ...asked, request }, then),
      next,
    )(asked.request);
  return { api, needs, guard };
}

/** Only the type says which request a step is for. */
type TypedStep<Request extends Fields> = Step & { readonly of?: (request: Decoded<Request>) => void };

/** The request as a whole is refused with this error, by its own `answer` where its form is not that of all others. */
export function whole<Request extends Fields>(
  error: ErrorName,
  allowed: (call: Call, request: Decoded<Request>) => boolean,
  answer?: (request: Decoded<Request>, refused: Refused) => Struct,
): TypedStep<Request> {
  return (asked, next) => {
    const request = asked.request as Decoded<Request>;
    if (allowed(asked.call, request)) return next(asked.request);
    if (answer !== undefined) return answer(request, { errorCode: errorCode(error), errorMessage: MESSAGES[error] });
    const { version } = asked.call;
    const single = asked.api.response.errorCode;
    return single !== undefined && includes(single.versions, version)
      ? { errorCode: errorCode(error), errorMessage: MESSAGES[error] }
      : refuse(asked, asked.request, error);
  };
}

interface Refused {
  readonly errorCode: number;
  readonly errorMessage: string | undefined;
}

type ElementOf<Request extends Fields, List extends keyof Request> =
  NonNullable<Decoded<Request>[List]> extends ReadonlyArray<infer Element> ? Element : never;

/** Elements of a list that are not allowed are refused, each with this error; the others are carried out. */
export function each<Request extends Fields, List extends keyof Request & string>(
  list: List,
  error: ErrorName | ((element: ElementOf<Request, List>) => ErrorName),
  allowed: (call: Call, element: ElementOf<Request, List>) => boolean,
): TypedStep<Request> {
  return (asked, next) => {
    const elements = (asked.request[list] ?? []) as ReadonlyArray<ElementOf<Request, List>>;
    const refused = elements.filter((element) => !allowed(asked.call, element));
    if (refused.length === 0) return next(asked.request);
    const rest = { ...asked.request, [list]: elements.filter((element) => !refused.includes(element)) };
    const answers = refused.map((element) =>
      refuse(asked, { ...asked.request, [list]: [element] }, typeof error === 'string' ? error : error(element)),
    );
    const answer = next(rest);
    return answer instanceof Promise
      ? answer.then((later) => joined(asked, later, answers))
      : joined(asked, answer, answers);
  };
}

function refuse({ api, call }: Asked, request: Struct, error: ErrorName): Struct | undefined {
  if (request.acks === 0) {
    call.peer.destroy(); // nothing else can tell a producer that does not wait for an answer
    return undefined;
  }
  return refusal(api, call.version, request, errorCode(error));
}

/** One answer of several whose lists are about different elements. */
function joined({ request, call }: Asked, answer: Struct | undefined, more: ReadonlyArray<Struct | undefined>) {
  if (request.acks === 0) call.peer.destroy();
  // An error of the whole is all that is said.
  return answer === undefined || (answer.errorCode ?? 0) !== 0 ? answer : more.reduce(merged, answer);
}

function merged(all: Struct, more: Struct | undefined): Struct {
  const lists = Object.entries(more ?? {}).flatMap(([name, value]) =>
    Array.isArray(value) ? [[name, [...((all[name] as readonly unknown[] | undefined) ?? []), ...value]]] : [],
  );
  return { ...all, ...Object.fromEntries(lists) };
}

const MESSAGES: Partial<Record<ErrorName, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'Topic authorization failed.',
  GROUP_AUTHORIZATION_FAILED: 'Group authorization failed.',
  CLUSTER_AUTHORIZATION_FAILED: 'Cluster authorization failed.',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'Transactional Id authorization failed.',
};

const ERRORS = {
  TOPIC: 'TOPIC_AUTHORIZATION_FAILED',
  GROUP: 'GROUP_AUTHORIZATION_FAILED',
  CLUSTER: 'CLUSTER_AUTHORIZATION_FAILED',
  TRANSACTIONAL_ID: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
} as const satisfies Partial<Record<ResourceType, ErrorName>>;

/** An operation on the cluster, by those who may do one of these. */
export const cluster = <Request extends Fields>(
  operations: readonly Operation[],
  answer?: (request: Decoded<Request>, refused: Refused) => Struct,
): TypedStep<Request> =>
  whole<Request>(
    ERRORS.CLUSTER,
    (call) => operations.some((operation) => may(call, operation, 'CLUSTER', CLUSTER_NAME)),
    answer,
  );

/** An operation on the one resource that the request names. */
export const one = <Request extends Fields>(
  operation: Operation,
  type: keyof typeof ERRORS,
  name: (request: Decoded<Request>) => string,
): TypedStep<Request> => whole<Request>(ERRORS[type], (call, request) => may(call, operation, type, name(request)));

/** An operation on each resource of a list. */
export const many = <Request extends Fields, List extends keyof Request & string>(
  operation: Operation,
  type: keyof typeof ERRORS,
  list: List,
  name: (element: ElementOf<Request, List>) => string,
): TypedStep<Request> =>
  each<Request, List>(list, ERRORS[type], (call, element) => may(call, operation, type, name(element)));
