import { HttpClient, NoAnswer } from '../../../http/client.js';
import { RestFailure } from './failure.js';
import type { RestAnswer, RestContext, RestRequest, Route } from './route.js';

/** Set where a worker asks another one: that one answers itself, or says that it can't. As the original names it. */
const FORWARD = 'forward';

type Whither = (request: RestRequest, context: RestContext) => string | undefined;

/** A change, which only the worker that leads the group makes: any other hands it on. */
export const atLeader = (route: Route): Route => forwarding(route, (_request, { herder }) => herder.leaderUrl);

/** What only the worker that runs the task can do. */
export const atOwner = (route: Route, taskOf: (request: RestRequest) => number): Route =>
  forwarding(route, (request, { herder }) => herder.ownerUrl(request.parameters.name ?? '', taskOf(request)));

const forwarding = (route: Route, whither: Whither): Route => ({
  ...route,
  async handle(request, context) {
    const url = whither(request, context);
    if (url === undefined) return route.handle(request, context);
    if (request.query.get(FORWARD) === 'false')
      throw new RestFailure(409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)');
    const answer = await ask(url, route, request);
    await context.herder.catchUp(); // what was changed is seen here too
    return answer;
  },
});

async function ask(url: string, { method, path }: Route, request: RestRequest): Promise<RestAnswer> {
  const { parameters, body, headers } = request;
  const named = path.replace(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(parameters[name] ?? ''));
  const query = new URLSearchParams(request.query);
  query.set(FORWARD, 'false');
  const client = new HttpClient({ url, retryMs: 0 });
  try {
    const { authorization } = headers;
    const answer = await client.request({
      method,
      path: `${named}?${query}`,
      ...(body !== undefined && { body }),
      ...(authorization !== undefined && { headers: { authorization } }),
    });
    const { location } = answer.headers;
    return { status: answer.status, body: answer.body, ...(location !== undefined && { headers: { location } }) };
  } catch (failure) {
    if (!(failure instanceof NoAnswer)) throw failure;
    throw new RestFailure(500, `IO Error trying to forward REST request: ${url} does not answer: ${failure.message}`);
  } finally {
    client.close();
  }
}
