// A shop's backend as its owner writes it for Stripe: nothing in it knows of a sandbox but the base URL. The same shop as
// ../shops/shop.py: it reads STRIPE_SECRET_KEY and STRIPE_API_BASE, prints {"url": …} and takes JSON by POST until its
// input ends. What it knows of orders, subscriptions and disputes it has from webhooks alone.
import http from 'node:http';
import Stripe from 'stripe';

const base = new URL(process.env.STRIPE_API_BASE);
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY, {
  protocol: base.protocol.slice(0, -1),
  host: base.hostname,
  port: base.port,
  telemetry: false,
});
const orders = {};
// By payment intent, since webhooks come in any order: a dispute may be told of before its payment.
const payments = {};
const subscriptions = {};
const seen = [];
let url = '';
let secret = '';

const newOrder = () => {
  const order = `order-${Object.keys(orders).length + 1}`;
  orders[order] = {status: 'open'};
  return order;
};
const known = (order) => ({...orders[order], ...payments[orders[order].payment_intent]});

const asked = {
  async account(given) {
    return {customer: (await stripe.customers.create(given)).id};
  },

  async card({customer, card}) {
    const setup = await stripe.setupIntents.create({
      customer,
      payment_method: card,
      usage: 'off_session',
      confirm: true,
      return_url: `${url}/saved`,
    });
    if (setup.status === 'succeeded') {
      await stripe.customers.update(customer, {invoice_settings: {default_payment_method: setup.payment_method}});
    }
    return {status: setup.status, url: setup.next_action?.redirect_to_url?.url ?? null};
  },

  async order({items}) {
    const order = newOrder();
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: items.map(({name, price, quantity}) => ({
        quantity,
        price_data: {currency: 'usd', unit_amount: price, product_data: {name}},
      })),
      client_reference_id: order,
      payment_intent_data: {metadata: {order}},
      success_url: `${url}/thanks?session={CHECKOUT_SESSION_ID}`,
      cancel_url: `${url}/cart`,
    });
    return {order, url: session.url};
  },

  async charge({customer, amount}) {
    const {invoice_settings: settings} = await stripe.customers.retrieve(customer);
    const order = newOrder();
    try {
      const intent = await stripe.paymentIntents.create({
        amount,
        currency: 'usd',
        customer,
        payment_method: settings.default_payment_method,
        off_session: true,
        confirm: true,
        return_url: `${url}/thanks`,
        metadata: {order},
      });
      return {order, status: intent.status};
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeCardError)) throw error;
      return {order, status: 'declined', code: error.code};
    }
  },

  async clock({at}) {
    return {clock: (await stripe.testHelpers.testClocks.create({frozen_time: at})).id};
  },

  async advance({clock, to}) {
    await stripe.testHelpers.testClocks.advance(clock, {frozen_time: to});
    for (let tries = 0; tries < 1200; tries += 1) {
      const {status} = await stripe.testHelpers.testClocks.retrieve(clock);
      if (status !== 'advancing') return {status};
      await new Promise((resume) => setTimeout(resume, 50));
    }
    return {status: 'advancing'};
  },

  async subscribe({customer, amount}) {
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: amount,
      product_data: {name: 'Monthly box'},
      recurring: {interval: 'month'},
    });
    const subscription = await stripe.subscriptions.create({customer, items: [{price: price.id}]});
    return {subscription: subscription.id, status: subscription.status};
  },

  async settle({subscription}) {
    const owed = await stripe.invoices.list({subscription, status: 'open'});
    const paid = [];
    for (const invoice of owed.data) paid.push((await stripe.invoices.pay(invoice.id)).status);
    return {paid};
  },

  async refund({order, amount}) {
    const refund = await stripe.refunds.create({payment_intent: orders[order].payment_intent, amount});
    return {status: refund.status};
  },

  async defend({order, evidence}) {
    const answered = await stripe.disputes.update(known(order).dispute, {
      evidence: {uncategorized_text: evidence},
      submit: true,
    });
    return {status: answered.status};
  },

  async balance() {
    const {available, pending} = await stripe.balance.retrieve();
    const dollars = [...available, ...pending].filter((part) => part.currency === 'usd');
    return {usd: dollars.reduce((sum, part) => sum + part.amount, 0)};
  },

  async told() {
    return {orders: Object.fromEntries(Object.keys(orders).map((order) => [order, known(order)])), subscriptions, seen};
  },
};

const noted = (intent, told) => {
  payments[intent] = {...payments[intent], ...told};
};
const disputed = ({id, status, payment_intent: intent}) => noted(intent, {dispute: id, dispute_status: status});
const subscribed = ({id, status}) => {
  subscriptions[id] = {status};
};
const handlers = {
  'checkout.session.completed'({client_reference_id: order, payment_status: status, payment_intent}) {
    if (orders[order]) Object.assign(orders[order], {status, payment_intent});
  },
  'payment_intent.succeeded'({id, metadata: {order}}) {
    if (orders[order]) Object.assign(orders[order], {status: 'paid', payment_intent: id});
  },
  'charge.refunded': ({payment_intent: intent, amount_refunded: refunded}) => noted(intent, {refunded}),
  'charge.dispute.created': disputed,
  'charge.dispute.closed': disputed,
  'customer.subscription.created': subscribed,
  'customer.subscription.updated': subscribed,
  'customer.subscription.deleted': subscribed,
};

const answer = (response, status, body = '', type = 'text/plain') => {
  response.writeHead(status, {'content-type': type, 'content-length': Buffer.byteLength(body)});
  response.end(body);
};

const server = http.createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (request.method === 'GET') return answer(response, 200, '<h1>The shop</h1>', 'text/html');
  try {
    if (request.url === '/webhook') {
      const event = stripe.webhooks.constructEvent(body, request.headers['stripe-signature'], secret);
      seen.push(event.type);
      handlers[event.type]?.(event.data.object);
      return answer(response, 200);
    }
    const handler = asked[request.url.slice(1)];
    if (!handler) return answer(response, 404);
    return answer(response, 200, JSON.stringify(await handler(JSON.parse(body))), 'application/json');
  } catch (error) {
    return answer(response, error instanceof Stripe.errors.StripeSignatureVerificationError ? 400 : 500, String(error));
  }
});

server.listen(0, '127.0.0.1', async () => {
  url = `http://127.0.0.1:${server.address().port}`;
  secret = (await stripe.webhookEndpoints.create({url: `${url}/webhook`, enabled_events: ['*']})).secret;
  console.log(JSON.stringify({url}));
});
process.stdin.resume().on('end', () => process.exit(0));
