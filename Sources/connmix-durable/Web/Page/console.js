// The console's page. Everything that comes from outside is put in as text, never as markup.
import { age, ageOf, bytes, count, isStructured, points, pretty, rate, visible } from './text.js';

const $ = (selector) => document.querySelector(selector);

/// An element with properties and children; a text child stays text.
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : visible(String(child)));
  }
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// MARK: Asking

let token = sessionStorage.getItem('token');

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, { body, signal } = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body) headers['Content-Type'] = 'application/json';
  const response = await fetch(path, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), signal });
  const answer = await response.json();
  if (response.status === 401) {
    await login(token ? 'This is not the token.' : '');
    return ask(path, { body, signal });
  }
  if (!response.ok) throw new Refused(response.status, answer.error ?? `status ${response.status}`);
  return answer;
}

let asking;
function login(error) {
  // Whoever is refused meanwhile waits for the same answer.
  asking ??= new Promise((resolve) => {
    const dialog = $('#login');
    const form = dialog.querySelector('form');
    dialog.querySelector('.error').textContent = error;
    form.reset();
    form.onsubmit = (event) => {
      const given = form.elements.token.value.trim();
      if (!/^[\x21-\x7e]+$/.test(given)) {
        event.preventDefault();
        dialog.querySelector('.error').textContent = 'A token has letters, digits and signs only.';
        return;
      }
      token = given;
      sessionStorage.setItem('token', token);
      asking = undefined;
      dialog.onclose = null;
      resolve();
    };
    // Esc does not help: without it there is nothing to see.
    dialog.onclose = () => dialog.showModal();
    dialog.showModal();
  });
  return asking;
}

function query(values) {
  const parts = Object.entries(values).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return parts.length ? '?' + new URLSearchParams(parts) : '';
}

// MARK: Saying

let toasting;
function toast(text, undo) {
  const place = $('#toast');
  clearTimeout(toasting);
  place.replaceChildren(visible(text), undo ? h('button', { onclick: undo }, 'Undo') : '');
  place.hidden = false;
  toasting = setTimeout(() => { place.hidden = true; }, undo ? 15000 : 6000);
}

const verbs = {
  retry: 'Retry', replay: 'Replay', discard: 'Discard', restore: 'Restore', cancel: 'Cancel', release: 'Release', skip: 'Skip',
  undo: 'Undo', pause: 'Pause', resume: 'Resume',
};
const meaning = {
  retry: 'It is tried again under its own id, with all its attempts.',
  replay: 'A new message is made of it. What its handler did before may be done again.',
  discard: 'It is put aside; restore brings it back.',
  restore: 'It is put back, and handled again.',
  cancel: 'It is not sent, and counts as given up no longer. One that is on its way at this moment may be applied all the same.',
  release: 'The lane opens, and its head is handled again first.',
  skip: 'The lane opens; its dead head stays dead.',
  undo: 'Taken back for every row to which nothing has happened since.',
  pause: 'Messages are journaled and wait, until it is resumed. It outlives restarts.',
  resume: 'What was made to wait goes on.',
};

/// Selects, asks, and changes what was selected.
let changing = false;
async function change(verb, path, what, counts = true) {
  if (changing) return;
  changing = true;
  try {
    const [place, search = ''] = path.split('?');
    const found = counts ? await ask(`${place}/selection${search && '?' + search}`) : { count: null };
    if (counts && found.count === 0) return toast(`Nothing to ${verb}: ${what}.`);
    const dialog = $('#ask');
    const form = dialog.querySelector('form');
    form.reset();
    dialog.querySelector('h2').textContent = visible(
      counts ? `${verbs[verb]} ${verb === 'undo' ? 'up to ' : ''}${count(found.count)} ${found.count === 1 ? 'row' : 'rows'}?` : `${verbs[verb]} ${what}?`);
    dialog.querySelector('.what').textContent = visible(
      `${counts ? `${what}. ` : ''}${meaning[verb]}${found.more ? ` There are more: these are the first ${count(found.count)}.` : ''}`);
    dialog.querySelector('.error').textContent = '';
    const button = dialog.querySelector('button.primary');
    button.textContent = verbs[verb];
    dialog.returnValue = '';
    dialog.querySelector('.leave').onclick = () => dialog.close();
    dialog.showModal();
    form.elements.reason.focus();
    const goes = await new Promise((resolve) => {
      dialog.onclose = () => resolve(dialog.returnValue === 'go');
    });
    if (!goes) return;
    const reason = form.elements.reason.value;
    const report = counts ? await ask('api/changes', { body: { reason, selection: found.selection } }) : await ask(path, { body: { reason } });
    toast(words(verb, report), report.applied && verb !== 'undo' ? () => undo(report.action) : undefined);
    await draw();
  } catch (error) {
    toast(error instanceof Refused ? error.message : `The console did not answer. Whether to ${verb} was done is to be seen under Actions.`);
  } finally {
    changing = false;
  }
}

function words(verb, report) {
  if (report.applied === undefined) return `${verbs[verb]}: done (action ${report.action}).`;
  const left = report.skipped.length ? `, ${count(report.skipped.length)} left as they are: ${report.skipped[0].why}` : '';
  return `Action ${report.action}: ${verb}, ${count(report.applied)} of ${count(report.matched)}${left}.`;
}

const undo = (action) => change('undo', `api/actions/${action}`, `Action ${action}`);

// MARK: Parts of pages

let about = { changes: false };

/// A button that changes something; none where nothing may be changed.
function doer(verb, path, what, { danger = false, counts = true, label } = {}) {
  if (!about.changes) return null;
  return h('button', {
    class: danger && 'danger',
    onclick: (event) => {
      event.stopPropagation();
      change(verb, path, what, counts);
    },
  }, label ?? verbs[verb]);
}

function table(columns, rows, { open, empty }) {
  if (!rows.length) return h('p', { class: 'nothing' }, empty);
  return h('div', { class: 'scroll panel' }, h('table', {},
    h('thead', {}, h('tr', {}, columns.map(({ title, kind }) => h('th', { class: kind === 'number' && 'number', scope: 'col' }, title)))),
    h('tbody', {}, rows.map((row) => h('tr', {
      class: open && 'link',
      onclick: open && (() => { if (!getSelection().toString()) location.hash = open(row); }),
    }, columns.map(({ cell, kind }) => {
      const content = cell(row);
      return h('td', { class: kind, title: kind === 'cut' && typeof content === 'string' ? content : null }, content);
    }))))));
}

const state = (name) => h('span', { class: `state-${name}` }, name);

function time(text, now) {
  return text ? h('time', { datetime: text, title: text }, ageOf(text, now)) : '';
}

// MARK: Overview

const history = [];
let status;

function keep(latest) {
  status = latest;
  if (latest.rates && history.at(-1)?.at !== latest.taken_at) history.push({ at: latest.taken_at, ...latest.rates });
  // Ten minutes of a look every two seconds.
  if (history.length > 300) history.splice(0, history.length - 300);
}

function tile(title, key) {
  const values = history.map((look) => look[key]);
  const picture = svg('svg', { viewBox: '0 0 200 42', preserveAspectRatio: 'none', role: 'img', 'aria-label': `${title}, the last minutes` },
    svg('polyline', { points: points(values, 200, 40, 1) }));
  return h('section', { class: `panel tile ${key === 'failed' && values.at(-1) > 0 ? 'failing' : ''}` },
    h('span', { class: 'quiet' }, title), h('strong', {}, rate(status.rates?.[key])), picture);
}

function states(ledger) {
  const counts = status[ledger];
  const oldest = counts.oldest_pending_age;
  return h('section', { class: 'panel' }, h('h2', {}, ledger === 'journal' ? 'Journal' : 'Outbox'),
    h('div', { class: 'states' }, Object.entries(counts).filter(([name]) => name !== 'oldest_pending_age').map(([name, number]) =>
      h('a', { href: `#/${ledger}${query({ state: name })}`, class: number ? null : 'none' }, state(name), ' ', h('b', {}, count(number))))),
    h('p', { class: oldest > 60 ? 'warn' : 'quiet' }, oldest === null ? 'nothing waits' : `the oldest has waited for ${age(oldest)}`));
}

function notices(now) {
  const list = [];
  if (!status.consumer.running) {
    list.push([true, 'No consumer runs on this file.', status.consumer.ended ? ` The last one ${status.consumer.ended}, ${ageOf(status.consumer.ended_at, now)} ago.` : '']);
  }
  if (status.consumer.running && !status.nodes.some((node) => node.state === 'consuming')) {
    const reasons = [...new Set(status.nodes.map((node) => node.reason).filter(Boolean))];
    list.push([true, status.nodes.length || status.center_trouble ? 'No node is being consumed' : 'No node is known: is the center reachable?', reasons.length ? `: ${reasons.join('; ')}` : '.']);
  }
  if (status.center_trouble) list.push([true, `The center ${status.centers.join(', ')} is in trouble, for ${ageOf(status.center_trouble.since, now)}: `, status.center_trouble.reason]);
  if (status.consumer.paused) list.push([true, 'The consumer waits: ', status.consumer.paused]);
  if (status.workers) list.push([true, `The handler cannot run, for ${ageOf(status.workers.since, now)}: `, status.workers.cannot_run]);
  if (status.held) {
    const isAll = status.held.count >= status.held.handlers;
    const which = status.held.messages.flatMap((message, place) => [place ? ', ' : '', h('a', { href: `#/journal/${message.entry}` }, String(message.entry)), ` for ${ageOf(message.since, now)}`]);
    list.push([isAll, `${count(status.held.count)} of ${count(status.held.handlers)} handlers have had one message for long${isAll ? ', and nothing else is handled' : ''}: `, ...which]);
  }
  for (const pause of status.paused) {
    const what = pause.topic === null ? 'All topics are' : `The topic ${pause.topic} is`;
    list.push([false, `${what} paused${pause.intake ? ', and not popped' : ''}, for ${ageOf(pause.since, now)}, by ${pause.actor}${pause.reason ? `: ${pause.reason}` : ''}. `,
      doer('resume', `api/resume${query({ topic: pause.topic })}`, pause.topic === null ? 'all topics' : `the topic ${pause.topic}`, { counts: false })]);
  }
  for (const probe of status.probing) {
    list.push([true, `The topic ${probe.topic} is tried one message at a time, for ${ageOf(probe.since, now)}, since all failed with: `, probe.cause]);
  }
  for (const wait of status.waiting) {
    list.push([false, `${count(wait.commands)} commands wait for the node ${wait.node}, for ${ageOf(wait.since, now)}.`]);
  }
  if (status.lanes_parked) {
    list.push([false, h('a', { href: '#/lanes' }, status.lanes_parked === 1 ? '1 lane is parked' : `${count(status.lanes_parked)} lanes are parked`), ' behind a dead message, until somebody acts.']);
  }
  if (!list.length) return null;
  return h('section', { class: `panel wide notice ${list.some(([isBad]) => isBad) ? 'bad' : ''}` }, list.map(([, ...parts]) => h('p', {}, parts)));
}

function overview() {
  const now = Date.parse(status.taken_at);
  const bound = status.loss_bound;
  return h('div', { class: 'grid' },
    notices(now),
    h('div', { class: 'wide tiles' },
      tile('Received a second', 'received'), tile('Handled a second', 'handled'), tile('Sent a second', 'sent'), tile('Failed a second', 'failed')),
    states('journal'), states('outbox'),
    h('section', { class: 'panel' }, h('h2', {}, 'At risk'),
      h('p', {}, h('b', {}, count(bound.now)), ' messages are in memory only; ', count(bound.high), ' at most in this run',
        bound.limit ? `, of ${count(bound.limit)} that may be` : '', '.'),
      h('p', { class: 'quiet' }, bound.text)),
    h('section', { class: 'panel' }, h('h2', {}, 'Consumer'), facts([
      ['runs', status.consumer.running ? `process ${status.consumer.pid}, for ${ageOf(status.consumer.since, now)}` : 'no'],
      ['version', status.consumer.version], ['topics', status.topics.join(', ')], ['handler', status.handler],
      ['handler version', status.consumer.handler_version],
    ]), about.changes && status.topics.length ? h('div', { class: 'bar' }, status.topics
      .filter((topic) => !status.paused.some((pause) => pause.topic === topic || pause.topic === null)).slice(0, 20)
      .map((topic) => doer('pause', `api/pause${query({ topic })}`, `the topic ${topic}`, { counts: false, label: `Pause ${topic}` })),
      status.paused.some((pause) => pause.topic === null) ? null : doer('pause', 'api/pause', 'all topics', { counts: false, label: 'Pause all' })) : null),
    h('section', { class: 'panel' }, h('h2', {}, 'File'), facts([
      ['path', status.database.path], ['size', bytes(status.database.bytes)], ['log', bytes(status.database.wal_bytes)],
      ['durability', status.database.synchronous], ['schema', status.database.schema_version],
    ])),
    h('section', { class: 'wide' }, h('h3', {}, 'Nodes'), table([
      { title: 'Node', kind: 'id', cell: (node) => node.id }, { title: 'Address', cell: (node) => node.address },
      { title: 'State', cell: (node) => state(node.state) },
      { title: 'Not consumed', cell: (node) => node.reason ? h('span', { class: 'warn' }, `for ${ageOf(node.not_consumed_since, now)}: ${node.reason}`) : '' },
    ], status.nodes, { empty: status.consumer.running ? 'The center lists no node.' : 'Nodes are known while a consumer runs.' })),
    h('section', { class: 'wide' }, h('h3', {}, 'Died within the hour'), table([
      { title: 'Messages', kind: 'number', cell: (cause) => count(cause.count) }, { title: 'Cause', cell: (cause) => h('a', { href: `#/journal${query({ state: 'dead', cause: cause.id })}` }, cause.cause) },
      { title: '', cell: (cause) => doer('retry', `api/journal/retry${query({ cause: cause.id })}`, `Dead messages of this cause: ${cause.cause}`) },
    ], status.dead_last_hour, { open: (cause) => `#/journal${query({ state: 'dead', cause: cause.id })}`, empty: 'No message has died.' })));
}

function facts(list) {
  return h('dl', {}, list.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value]) =>
    [h('dt', {}, name), h('dd', {}, value instanceof Node ? value : String(value))]));
}

// MARK: Ledgers

const allStates = {
  journal: ['pending', 'running', 'done', 'dead', 'discarded', 'replayed'],
  outbox: ['pending', 'sent', 'dead', 'expired', 'cancelled', 'superseded', 'unknown'],
};
const rowVerbs = {
  journal: { dead: ['retry', 'replay', 'discard'], pending: ['retry', 'discard'], done: ['replay'], discarded: ['restore'] },
  outbox: { dead: ['retry', 'cancel'], expired: ['retry', 'cancel'], unknown: ['retry', 'cancel'], cancelled: ['retry'], pending: ['cancel'] },
};

function filters(ledger, values, isCauses) {
  const field = (name, label, hint) => h('label', {}, label, h('input', { name, value: values[name] ?? '', placeholder: hint ?? '', autocomplete: 'off' }));
  return h('form', {
    class: 'filters',
    onsubmit: (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(event.target));
      // A cause is no field, and stays with the page until it is taken off.
      if (values.cause && !isCauses) given.cause = values.cause;
      location.hash = `#/${ledger}${isCauses ? '/causes' : ''}${query(given)}`;
    },
  },
  isCauses ? null : [
    h('label', {}, 'State', h('select', { name: 'state' }, h('option', { value: '' }, 'any'), allStates[ledger].map((name) =>
      h('option', { value: name, selected: values.state === name }, name)))),
    ledger === 'journal' ? field('topic', 'Topic') : [field('kind', 'Kind', 'mesh.send'), field('channel', 'Channel')],
    field('client', 'Client'), field('node', 'Node'),
  ],
  field('since', 'Since', isCauses ? '24h' : '2h'), field('until', 'Until'),
  isCauses ? null : [about.redacts ? null : field('error', 'Error has'), field('id', 'Ids', '5,9 or 5-9')],
  h('button', { class: 'primary' }, 'Show'),
  h('button', { type: 'button', onclick: () => { location.hash = `#/${ledger}${isCauses ? '/causes' : ''}`; } }, 'Clear'));
}

const tabs = (ledger, isCauses) => h('p', { class: 'tabs' },
  h('a', { href: `#/${ledger}`, 'aria-current': !isCauses && 'page' }, 'Rows'),
  h('a', { href: `#/${ledger}/causes`, 'aria-current': isCauses && 'page' }, 'Causes'));

function columnsOf(ledger, now) {
  const error = { title: 'Last error', kind: 'cut', cell: (row) => row.last_error ? h('span', { class: 'bad', title: row.last_error }, row.last_error) : '' };
  const data = { title: 'Data', kind: 'cut', cell: (row) => row.preview ?? '' };
  const id = { title: 'Id', kind: 'id', cell: (row) => h('a', { href: `#/${ledger}/${row.id}` }, row.id) };
  const tries = { title: 'Tries', kind: 'number', cell: (row) => row.attempts };
  return ledger === 'journal' ? [
    id, { title: 'State', cell: (row) => state(row.state) }, tries,
    { title: 'Age', kind: 'number', cell: (row) => time(row.received_at, now) },
    { title: 'Topic', cell: (row) => row.topic }, { title: 'Client', kind: 'id', cell: (row) => row.client }, error, data,
  ] : [
    id, { title: 'State', cell: (row) => state(row.state) }, tries,
    { title: 'Age', kind: 'number', cell: (row) => time(row.enqueued_at, now) },
    { title: 'Kind', cell: (row) => row.function ? `${row.function}()` : row.kind },
    { title: 'To', kind: 'id', cell: (row) => row.client ?? row.channel ?? '' },
    { title: 'Waits for', cell: (row) => row.waits_for ?? '' }, error, data,
  ];
}

async function list(ledger, values) {
  const { after, ...chosen } = values;
  let page;
  try {
    page = await ask(`api/${ledger}${query(values)}`);
  } catch (error) {
    // The form stays, so that what is wrong in it can be mended.
    if (!(error instanceof Refused) || error.status !== 400) throw error;
    return [tabs(ledger, false), filters(ledger, chosen), h('p', { class: 'bad' }, error.message)];
  }
  const now = Date.parse(status.taken_at);
  const isFiltered = Object.keys(chosen).some((name) => name !== 'order' && name !== 'limit');
  const offered = !isFiltered ? [] : chosen.state ? rowVerbs[ledger][chosen.state] ?? []
    : ledger === 'journal' ? ['retry', 'discard'] : ['retry', 'cancel'];
  const { order, limit, ...meant } = chosen;
  const what = `${ledger === 'journal' ? 'Messages' : 'Commands'} with ${Object.entries(meant).map(([name, value]) => `${name} ${value}`).join(', ')}`;
  return [
    tabs(ledger, false), filters(ledger, chosen),
    chosen.cause ? h('p', {}, 'Only of the cause ', h('span', { class: 'mono' }, chosen.cause), '. ',
      h('a', { href: `#/${ledger}${query({ ...chosen, cause: '' })}` }, 'All causes')) : null,
    about.changes && offered.length && page.rows.length ? h('div', { class: 'bar' }, h('span', { class: 'quiet' }, 'All that match:'),
      offered.map((verb) => doer(verb, `api/${ledger}/${verb}${query(meant)}`, what, { danger: verb === 'discard' || verb === 'cancel' }))) : null,
    table(columnsOf(ledger, now), page.rows, { open: (row) => `#/${ledger}/${row.id}`, empty: isFiltered ? 'Nothing matches.' : 'There is nothing yet.' }),
    h('div', { class: 'bar' },
      after ? h('a', { href: `#/${ledger}${query(chosen)}` }, 'Newest') : null,
      page.next !== null ? h('a', { href: `#/${ledger}${query({ ...chosen, after: page.next })}` }, 'Older') : null),
  ];
}

async function causes(ledger, values) {
  const found = await ask(`api/${ledger}/causes${query(values)}`);
  const now = Date.parse(status.taken_at);
  const key = ledger === 'journal' ? 'messages' : 'commands';
  const states = ledger === 'journal' ? 'dead' : '';
  return [
    tabs(ledger, true), filters(ledger, values, true),
    table([
      { title: key, kind: 'number', cell: (cause) => count(cause[key]) },
      { title: 'dead', kind: 'number', cell: (cause) => h('span', { class: cause.dead && 'bad' }, count(cause.dead)) },
      { title: 'first', kind: 'number', cell: (cause) => time(cause.first_seen, now) },
      { title: 'last', kind: 'number', cell: (cause) => time(cause.last_seen, now) },
      { title: 'cause', cell: (cause) => h('a', { href: `#/${ledger}${query({ state: states, cause: cause.id })}` }, cause.cause) },
      { title: '', cell: (cause) => cause.dead ? doer('retry', `api/${ledger}/retry${query({ cause: cause.id, state: ledger === 'journal' ? 'dead' : 'dead,expired' })}`, `Dead ones of this cause: ${cause.cause}`) : '' },
    ], found.rows, { open: (cause) => `#/${ledger}${query({ state: states, cause: cause.id })}`, empty: 'Nothing failed in that time.' }),
    found.more ? h('p', { class: 'quiet' }, `There are ${count(found.more)} more causes.`) : null,
  ];
}

// MARK: One row

function payload(row) {
  if (row.payload === null) return [h('h3', {}, 'Data'), h('p', { class: 'quiet' }, 'none')];
  // What is very large is shown as it is: a line for each value would be many times as much.
  const isSmall = row.payload.length <= 65536 && !row.payload_is_cut;
  const text = isSmall && isStructured(row.payload) ? pretty(row.payload) : row.payload;
  return [
    h('h3', {}, 'Data'),
    h('p', { class: 'quiet' }, `${bytes(row.payload_bytes)}${row.payload_is_base64 ? ', no text, shown in base64' : ''}${row.payload_is_cut ? '; this is its beginning' : ''}`),
    h('pre', {}, text),
    h('div', { class: 'bar' }, h('button', {
      onclick: () => navigator.clipboard?.writeText(row.payload).then(() => toast('Copied.'), () => toast('The browser did not let it be copied.')),
    }, 'Copy as it is')),
  ];
}

async function detail(ledger, id) {
  const row = await ask(`api/${ledger}/${id}`);
  const now = Date.parse(status.taken_at);
  const what = `${ledger === 'journal' ? 'Message' : 'Command'} ${id}`;
  const offered = rowVerbs[ledger][row.state] ?? [];
  const when = (text) => text ? h('span', {}, time(text, now), ` ago, ${text}`) : null;
  const until = (text) => text && Date.parse(text) > now ? `in ${age((Date.parse(text) - now) / 1000)}` : when(text);
  const head = [
    h('button', { class: 'close', onclick: close, 'aria-label': 'Close' }, '✕'),
    h('h2', {}, what, ' ', state(row.state)),
    h('div', { class: 'bar' }, offered.map((verb) => doer(verb, `api/${ledger}/${verb}${query({ id })}`, what, { danger: verb === 'discard' || verb === 'cancel' }))),
  ];
  if (ledger === 'outbox') {
    return [head, facts([
      ['kind', row.kind], ['function', row.function], ['client', row.client], ['channel', row.channel],
      ['message', row.message_id === null ? null : h('a', { href: `#/journal/${row.message_id}` }, row.message_id)],
      ['lane', row.lane], ['node', row.node], ['answers', row.attempts], ['writes', row.writes],
      ['enqueued', when(row.enqueued_at)], ['next try', row.state === 'pending' ? until(row.available_at) : null],
      ['expires', until(row.expires_at)], ['settled', when(row.settled_at)], ['code', row.code],
      ['last error', row.last_error && h('span', { class: 'bad' }, row.last_error)],
      ['delivered', row.delivered], ['failed for', row.failed],
    ]),
    some(row.waits).length ? [h('h3', {}, 'Waits'), h('ul', {}, some(row.waits).map((wait) => h('li', {}, waitText(wait))))] : null,
    payload(row)];
  }
  return [head, facts([
    ['topic', row.topic], ['client', row.client], ['node', row.node], ['lane', row.lane], ['attempts', row.attempts],
    ['received', when(row.received_at)], ['next try', row.state === 'pending' ? until(row.available_at) : null], ['finished', when(row.finished_at)],
    ['last error', row.last_error && h('span', { class: 'bad' }, row.last_error)], ['handler', row.handler_version],
    ['replay of', row.replay_of === null ? null : h('a', { href: `#/journal/${row.replay_of}` }, row.replay_of)],
    ['replays', some(row.replays).length ? h('span', {}, row.replays.slice(0, 50).map((replay) => [h('a', { href: `#/journal/${replay}` }, replay), ' '])) : null],
    ['dedupe key', row.dedupe_key],
  ]),
  payload(row),
  some(row.attempts_log).length ? [h('h3', {}, 'Failed attempts'), h('ol', { class: 'tries' }, some(row.attempts_log).map((attempt) =>
    h('li', {}, h('b', {}, attempt.attempt), ' ', attempt.outcome, ', ', time(attempt.ended_at, now), ' ago, took ',
      age((Date.parse(attempt.ended_at) - Date.parse(attempt.started_at)) / 1000), h('div', { class: 'bad' }, attempt.error))))] : null,
  h('h3', {}, 'Commands it caused'),
  table(columnsOf('outbox', now).filter(({ title }) => title !== 'Age' && title !== 'Waits for'), some(row.commands),
    { open: (command) => `#/outbox/${command.id}`, empty: 'none' }),
  row.more_commands ? h('p', { class: 'quiet' }, `and ${count(row.more_commands)} more`) : null];
}

/// A list; none where it must not be shown.
const some = (list) => Array.isArray(list) ? list : [];
const waitText = (wait) => wait.text ?? Object.entries(wait).filter(([, value]) => value !== null).map(([name, value]) => `${name.replaceAll('_', ' ')}: ${value}`).join(', ');

let under = '#/';
const close = () => {
  $('#detail').hidden = true;
  location.hash = under;
};

// MARK: The other pages

async function lanes() {
  const found = await ask('api/lanes');
  const now = Date.parse(status.taken_at);
  return [table([
    { title: 'Lane', kind: 'id', cell: (lane) => lane.lane }, { title: 'State', cell: (lane) => state(lane.state) },
    { title: 'Head', kind: 'id', cell: (lane) => h('a', { href: `#/journal/${lane.head}` }, lane.head) },
    { title: 'Behind', kind: 'number', cell: (lane) => count(lane.behind) },
    { title: 'Parked', kind: 'number', cell: (lane) => time(lane.parked_at, now) },
    { title: 'Reason', cell: (lane) => lane.reason },
    { title: '', cell: (lane) => lane.can_be_named ? h('span', { class: 'bar' },
      doer('release', `api/lanes/release${query({ lane: lane.lane })}`, `The head of the lane ${lane.lane}, with ${count(lane.behind)} behind it`),
      lane.state === 'parked' ? doer('skip', `api/lanes/skip${query({ lane: lane.lane })}`, `The head of the lane ${lane.lane}, with ${count(lane.behind)} behind it`) : null) : '' },
  ], found.rows, { empty: 'No lane is parked or waits.' }), found.more ? h('p', { class: 'quiet' }, `and ${count(found.more)} more`) : null];
}

async function losses(values) {
  const found = await ask(`api/gaps${query({ limit: 200, ...values })}`);
  const now = Date.parse(status.taken_at);
  return [
    h('p', { class: 'quiet' }, 'Times in which a node was not consumed, connections that ended uncleanly, and files that were lost: when messages may have been lost.'),
    table([
      { title: 'What', cell: (loss) => loss.kind.replaceAll('_', ' ') }, { title: 'Node', kind: 'id', cell: (loss) => loss.node ?? '' },
      { title: 'When', kind: 'number', cell: (loss) => {
        const at = loss.kind === 'gap' ? loss.began_at : loss.kind === 'unclean_end' ? loss.ended_at : loss.copied_at;
        return at ? h('span', {}, time(at, now), ` ago, ${new Date(at).toLocaleTimeString()}`) : 'unknown';
      } },
      { title: 'Lasted', kind: 'number', cell: (loss) => loss.kind !== 'gap' ? '' : loss.ended_at ? age(loss.lasted) : h('span', { class: 'warn' }, `${age(loss.lasted)}, goes on`) },
      { title: 'Reason', cell: (loss) => loss.reason ?? '' }, { title: 'May be lost', cell: (loss) => loss.may_be_lost ?? '' },
    ], found.rows, { empty: 'No gap and no unclean end is on record.' }),
  ];
}

async function actions() {
  const found = await ask('api/actions?limit=200');
  const now = Date.parse(status.taken_at);
  return table([
    { title: 'Id', kind: 'number', cell: (action) => action.id }, { title: 'Action', cell: (action) => `${action.ledger} ${action.verb}` },
    { title: 'State', cell: (action) => action.interrupted ? h('span', { class: 'warn' }, 'interrupted') : state(action.state) },
    { title: 'Rows', kind: 'number', cell: (action) => action.applied === null ? '' : `${count(action.applied)} of ${count(action.total)}` },
    { title: 'Age', kind: 'number', cell: (action) => time(action.created_at, now) },
    { title: 'Who', cell: (action) => action.actor }, { title: 'Reason', cell: (action) => action.reason ?? '' },
    { title: '', cell: (action) => action.can_be_undone && action.state !== 'undone'
      ? doer('undo', `api/actions/${action.id}`, `Action ${action.id}, ${action.verb}`) : '' },
  ], found.rows, { empty: 'No operator has changed anything.' });
}

// MARK: Drawing

const pages = { '': 'Overview', journal: 'Journal', outbox: 'Outbox', lanes: 'Lanes', gaps: 'Losses', actions: 'Actions' };

function place() {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page, second] = path.split('/');
  return { page: pages[page] === undefined ? '' : page, second, values: Object.fromEntries(new URLSearchParams(search)) };
}

function drawFrame({ page }) {
  document.title = `${pages[page]} · ConnmixDurable`;
  $('nav').replaceChildren(...Object.entries(pages).map(([name, title]) => {
    const badge = name === 'journal' ? status.journal.dead : name === 'outbox' ? status.outbox.dead : name === 'lanes' ? status.lanes_parked : 0;
    return h('a', { href: `#/${name}`, 'aria-current': name === page && 'page' }, title, badge ? h('span', { class: 'badge' }, count(badge)) : '');
  }));
  $('#file').textContent = visible(status.database.path);
  const pulse = $('#pulse');
  const [kind, words] = !status.consumer.running ? ['bad', 'no consumer runs']
    : status.consumer.paused ? ['bad', 'consumer waits']
      : !status.nodes.some((node) => node.state === 'consuming') ? ['bad', 'no node is consumed']
        : status.workers ? ['bad', 'handler cannot run']
          : status.held && status.held.count >= status.held.handlers ? ['bad', 'every handler is held']
          : status.probing.length ? ['bad', 'a topic fails']
            : status.paused.length ? ['warn', 'paused by hand'] : ['good', 'consumer runs'];
  pulse.className = kind;
  pulse.textContent = words;
}

let drawing;
/// For which place the page and the row stand there; nothing where an error does.
let shownPage = null;
let shownRow = null;

/// Puts other children in, and leaves scrolling and focus where they were.
function put(container, children) {
  const { scrollTop } = container;
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  const name = focused && `${focused.tagName} ${focused.textContent}`;
  container.replaceChildren(...[children].flat(Infinity).filter(Boolean));
  container.scrollTop = scrollTop;
  if (name) [...container.querySelectorAll('button, a')].find((one) => `${one.tagName} ${one.textContent}` === name)?.focus({ preventScroll: true });
}

/// Whether somebody reads or types there: then it stays as it is.
function isUsed(container) {
  const selection = getSelection();
  const isSelected = selection.toString() && container.contains(selection.anchorNode);
  const isTyped = container.contains(document.activeElement) && document.activeElement.matches('input, select');
  return isSelected || isTyped;
}

/// - Parameter isTick: whether nobody asked for it. It gives way to who did, and leaves alone what is used.
async function draw(isTick = false) {
  if (isTick && drawing?.isAsked) return;
  drawing?.control.abort();
  const mine = drawing = { control: new AbortController(), isAsked: !isTick };
  const isOver = () => mine.control.signal.aborted;
  const here = place();
  const isRow = /^\d+$/.test(here.second ?? '');
  const page = isRow ? { ...here, second: undefined, values: {}, ...backOf(here) } : here;
  const pageKey = JSON.stringify([page.page, page.second, page.values]);
  const rowKey = isRow ? `${here.page}/${here.second}` : null;
  try {
    keep(await ask('api/status', { signal: mine.control.signal }));
    if (isOver()) return;
    if (hasFailed) about = await ask('api/about');
    answered();
    drawFrame(here);
    const aside = $('#detail');
    if (!isRow) {
      aside.hidden = true;
      shownRow = null;
      under = location.hash || '#/';
    } else if (!(isTick && shownRow === rowKey && isUsed(aside))) {
      const shown = await detail(here.page, here.second);
      if (isOver()) return;
      put(aside, shown);
      if (shownRow !== rowKey) aside.scrollTop = 0;
      aside.hidden = false;
      shownRow = rowKey;
    }
    const main = $('main');
    const isRested = isTick && shownPage === pageKey && (isUsed(main) || page.values.after
      // A row must not move away from under the hand that clicks it.
      || (page.page && main.querySelector('tbody:hover')));
    if (isRested) return;
    const shown = await content(page);
    if (isOver()) return;
    put(main, shown);
    shownPage = pageKey;
  } catch (error) {
    if (isOver() || error.name === 'AbortError') return;
    failed(error);
  } finally {
    mine.isAsked = false;
  }
}

/// What stays on the page under one row: what was there.
function backOf({ page }) {
  const [path, search = ''] = under.replace(/^#\/?/, '').split('?');
  const [first, second] = path.split('/');
  return first === page ? { second, values: Object.fromEntries(new URLSearchParams(search)) } : {};
}

function content({ page, second, values }) {
  switch (page) {
    case 'journal':
    case 'outbox': return second === 'causes' ? causes(page, values) : list(page, values);
    case 'lanes': return lanes();
    case 'gaps': return losses(values);
    case 'actions': return actions();
    default: return overview();
  }
}

let hasFailed = false;

function answered() {
  hasFailed = false;
  $('#alarm').hidden = true;
}

function failed(error) {
  if (!(error instanceof Refused)) {
    // What stands there is old, and may be wrong by now.
    if (!hasFailed) $('#alarm').textContent = `The console has not answered since ${new Date().toLocaleTimeString()}: what is shown here is of then. Trying again.`;
    hasFailed = true;
    $('#alarm').hidden = false;
    return;
  }
  answered();
  const words = h('section', { class: 'panel notice bad' }, h('p', {}, error.message), h('p', {}, h('a', { href: '#/' }, 'Overview')));
  if (/^\d+$/.test(place().second ?? '')) {
    shownRow = null;
    $('#detail').replaceChildren(h('button', { class: 'close', onclick: close, 'aria-label': 'Close' }, '✕'), words);
    $('#detail').hidden = false;
  } else {
    shownPage = null;
    $('main').replaceChildren(words);
  }
}

addEventListener('hashchange', () => {
  $('main').focus({ preventScroll: true });
  draw();
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !$('#detail').hidden && !document.querySelector('dialog[open]')) close();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });

let ticking;
async function tick() {
  clearTimeout(ticking);
  if (!document.hidden && !document.querySelector('dialog[open]')) await draw(true);
  ticking = setTimeout(tick, 2000);
}

async function start() {
  try {
    about = await ask('api/about');
    await draw();
    ticking = setTimeout(tick, 2000);
  } catch (error) {
    failed(error);
    setTimeout(start, 2000);
  }
}
start();
