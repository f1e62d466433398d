// Runs journeys through the official SDK for Node, and prints a line of JSON for the judge and for each journey.
// Run it as `node judge.mjs URL FILE...`; `judges/README.md` says what a journey is made of.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Stripe from 'stripe';
import { Unmet, hold, resolve } from './expectations.mjs';
import { callEveryMethod, camelKeys, methodOf } from './methods.mjs';

const plain = (answer) => JSON.parse(JSON.stringify(answer));

/** One journey on its way: an account of its own, the SDK, and what the steps have named so far. */
class Traveller {
  constructor(url, hook) {
    const account = `node-${randomBytes(6).toString('hex')}`;
    const { hostname, port } = new URL(url);
    const key = { secret: `sk_test_${account}`, publishable: `pk_test_${account}` };
    Object.assign(this, { url, hook, key, path: `/${account}` });
    this.client = new Stripe(key.secret, { host: hostname, port, protocol: 'http', telemetry: false });
    this.names = { key, hook: { url: hook.url + this.path } };
  }

  /** Take one step, and hold what comes of it against what it expects. */
  async take(step) {
    const given = resolve(step, this.names);
    const kind = ['call', 'every_method', 'advance', 'submit', 'webhooks'].find((it) => it in given);
    const { result, headers, refused } = await this.outcome(kind, given);
    if (refused && !('refused' in given)) throw new Unmet(`refused: ${JSON.stringify(result).slice(0, 400)}`);
    if (!refused && 'refused' in given) throw new Unmet('should be refused, and is not');
    hold(result, given[refused ? 'refused' : 'expect'] ?? {});
    hold(headers, given.headers ?? {});
    if (given.save) this.names[given.save] = result;
  }

  async outcome(kind, given) {
    try {
      const [result, headers] = await this[kind](given);
      return { result, headers, refused: false };
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError)) throw error;
      const { headers: _, statusCode: __, requestId: ___, ...body } = error.raw ?? {};
      const told = { ...body, class: error.type.replace(/^Stripe/, ''), status: error.statusCode ?? null };
      return { result: plain(told), headers: error.headers ?? {}, refused: true };
    }
  }

  /** Call the SDK. */
  async call({ call, ids = [], params = {}, options = {}, all = false }) {
    const { stripeVersion: apiVersion, ...others } = camelKeys(options);
    const answer = methodOf(this.client, call)(...ids, params, apiVersion ? { ...others, apiVersion } : others);
    if (!all) return [plain(await answer), (await answer).lastResponse?.headers ?? {}];
    const data = [];
    for await (const item of answer) data.push(plain(item));
    return [{ data }, {}];
  }

  /** Call each method of the SDK. */
  async every_method() {
    return [await callEveryMethod(this.client), {}];
  }

  /** Move the account's clock by so many seconds. */
  async advance({ advance }) {
    const headers = { Authorization: `Bearer ${this.key.secret}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${this.url}/_sandbox/clock`, { method: 'POST', headers, body: JSON.stringify({ advance }) });
    if (!answer.ok) throw new Unmet(`the clock answers ${answer.status}`);
    return [await answer.json(), {}];
  }

  /** Send a page's form, as a browser does. */
  async submit({ submit, form }) {
    const page = await fetch(submit, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
    return [{ status: page.status, location: page.headers.get('location') }, {}];
  }

  /** Wait for all deliveries, and have the SDK verify them; `altered` are as if somebody had changed them. */
  async webhooks({ webhooks, altered = false }) {
    await this.advance({ advance: 0 });
    const taken = this.hook.taken.get(this.path) ?? [];
    const verify = ([body, signature]) => this.client.webhooks.constructEvent(body + (altered ? ' ' : ''), signature, webhooks);
    return [taken.map((delivery) => plain(verify(delivery))), {}];
  }
}

/** Take webhooks on a free loopback port. */
async function listen() {
  const taken = new Map();
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    taken.set(request.url, [...(taken.get(request.url) ?? []), [body, request.headers['stripe-signature']]]);
    response.end();
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, taken, url: `http://127.0.0.1:${server.address().port}` };
}

/** Go on a journey; return what went wrong, or null. */
async function judge(journey, url, hook) {
  const traveller = new Traveller(url, hook);
  for (const [index, step] of journey.steps.entries()) {
    try {
      await traveller.take(step);
    } catch (error) {
      const what = error instanceof Unmet ? error.message : error.stack;
      return `step ${index + 1}, ${JSON.stringify(step).slice(0, 160)}: ${what}`;
    }
  }
  return null;
}

const [url, ...files] = process.argv.slice(2);
console.log(JSON.stringify({ judge: `stripe-node ${Stripe.PACKAGE_VERSION}` }));
const hook = await listen();
for (const journey of files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')))) {
  const wrong = await judge(journey, url, hook);
  console.log(JSON.stringify({ journey: journey.journey, steps: journey.steps.length, wrong }));
}
hook.server.close();
