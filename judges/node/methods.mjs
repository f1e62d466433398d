// The SDK's methods: by their neutral names, and all of them.

import Stripe from 'stripe';
import { Unmet } from './expectations.mjs';

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const pascal = (name) => camel(`_${name}`);

// Resources that this SDK calls otherwise than the neutral names, which are those of the SDK for Python, do.
const OTHERWISE = { payment_sources: 'sources' };

/** Return a record with its keys as the SDK writes them. */
export const camelKeys = (given) => Object.fromEntries(Object.entries(given).map(([name, it]) => [camel(name), it]));

/** Return an SDK's method for its neutral name: `v1.customers.tax_ids.create` is `customers.createTaxId`. */
export function methodOf(client, name) {
  const path = name.replace(/^v1\./, '').split('.');
  const verb = camel(path.pop());
  let owner = client;
  for (const [index, part] of path.entries()) {
    const next = owner[camel(part)];
    if (next === undefined || typeof next === 'function') return nested(owner, verb, path.slice(index), name);
    owner = next;
  }
  return found(owner, verb === 'delete' ? 'del' : verb, name);
}

function nested(owner, verb, [part, ...more], name) {
  const resource = OTHERWISE[part] ?? part;
  const thing = pascal(verb === 'list' ? resource : resource.replace(/s$/, ''));
  return found(owner, more.length ? '' : verb + thing, name);
}

function found(owner, method, name) {
  if (typeof owner[method] !== 'function') throw new Unmet(`the SDK has no ${name}`);
  return owner[method].bind(owner);
}

/** Call every method with made-up ids and nothing else; tell which are answered, and whose operation is not known. */
export async function callEveryMethod(client) {
  const told = { answered: 0, lost: [], unsent: [] };
  for (const [name, call] of everyMethod(client)) {
    try {
      await call();
      told.answered += 1;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError) || error.statusCode === undefined) told.unsent.push(name);
      else if (isAnswer(error)) told.answered += 1;
      else told.lost.push(`${name}: ${error.message}`);
    }
  }
  return told;
}

/** Return whether a refusal is one of Stripe's, by an operation that is there. */
const isAnswer = ({ rawType, statusCode, message }) =>
  rawType !== undefined && statusCode < 500 && !message.includes('Unrecognized request URL');

function* everyMethod(owner, path = '') {
  if (owner instanceof Stripe.StripeResource) {
    const own = Object.getPrototypeOf(owner);
    for (const name of Object.getOwnPropertyNames(own).filter((it) => it !== 'constructor')) {
      const ids = Array(Math.max(0, own[name].length - 2)).fill('x_1');
      yield [`${path}${name}`, () => owner[name](...ids, {}, {})];
    }
  }
  for (const [name, part] of Object.entries(owner)) {
    const isNamespace = part?.stripe instanceof Stripe;
    if (isNamespace || part instanceof Stripe.StripeResource) yield* everyMethod(part, `${path}${name}.`);
  }
}
