/**
 * Handlers for connmix-durable in JavaScript: one file, no dependencies, Node 18 or newer.
 *
 *     import { run, Permanent, RetryAfter } from './connmix-worker.mjs'
 *
 *     run(async (message) => {
 *         if (message.text === 'join') message.subscribe('room:7').publish('room:7', `${message.client} joined`)
 *         message.send(`received: ${message.text}`)
 *     })
 *
 *     connmix-durable consume --topic chat --worker node handler.mjs
 *
 * What the function asks for is committed together with the mark that the message is done, or not at all: where it throws, the attempt
 * has failed and none of it is sent. `Permanent` gives the message up at once, `RetryAfter` chooses the pause. What it prints goes to
 * stderr, as does a line with the entry's number and the place of an error; stdout belongs to the protocol.
 */

import { writeSync } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

// The journal keeps 4 KiB of an error: beside a long message what it came from must have room.
const messageLimit = 2000
const previousLimit = 500
const mostPrevious = 3

/** The message can never be handled: it is dead at once, with this reason. */
export class Permanent extends Error {}

/** The message is tried again after so many seconds. */
export class RetryAfter extends Error {
    constructor(seconds, reason = 'tried again later') {
        super(reason)
        this.seconds = seconds
    }
}

/** A message, and the commands that its handler asks for. */
export class Message {
    #commands = []

    constructor(line) {
        this.id = line.id
        this.topic = line.topic
        this.node = line.node
        /** The end user's connection: digits, as text. */
        this.client = line.client
        /** Which attempt it is, from 1. */
        this.attempt = line.attempt
        this.receivedAt = line.received_at
        /** What the Lua code pushed; by convention `{frame: {type, data}}`. Integers beyond 2^53 lose digits. */
        this.data = line.data
    }

    /** The end user's text; undefined where the data is no frame. */
    get text() {
        return this.data?.frame?.data
    }

    /** The end user's text, read as JSON. */
    json() {
        return JSON.parse(this.text)
    }

    get commands() {
        return this.#commands
    }

    /** Sends text or bytes (a Uint8Array) to an end user, by default the one who sent this message. */
    send(data, client = this.client) {
        return this.#mesh('mesh.send', client, data)
    }

    publish(channel, data) {
        return this.#mesh('mesh.publish', channel, data)
    }

    subscribe(channels, client = this.client) {
        return this.#call('subscribe', [channels].flat(), client)
    }

    unsubscribe(channels, client = this.client) {
        return this.#call('unsubscribe', [channels].flat(), client)
    }

    setContextValue(key, value, client = this.client) {
        return this.#call('set_context_value', [key, value], client, 'setContextValue', { key, value })
    }

    setContext(values, client = this.client) {
        return this.#call('set_context', [values], client, 'setContext', { values })
    }

    /** Any request, as on the wire. */
    request(method, params) {
        return this.#add(method, params, 'request', { method, params })
    }

    #add(method, params, caller, named) {
        const command = { m: method, p: params }
        try {
            JSON.stringify(command)
        } catch (error) {
            // In the handler's line, by the name of the argument.
            const culprit = Object.keys(named).find((name) => !isJSON(named[name])) ?? 'arguments'
            throw new TypeError(`${firstLine(error.message)}: the ${culprit} of ${caller}`)
        }
        this.#commands.push(command)
        return this
    }

    #call(name, args, client, caller = name, named = { channels: args }) {
        return this.#add('conn.call', { c: String(client), f: name, a: args }, caller, named)
    }

    #mesh(method, target, data) {
        const params = { c: String(target) }
        if (data instanceof Uint8Array) Object.assign(params, { d: Buffer.from(data).toString('base64'), t: 'binary' })
        else params.d = String(data)
        this.#commands.push({ m: method, p: params }) // text can always be sent
        return this
    }
}

function isJSON(value) {
    try {
        JSON.stringify(value)
        return true
    } catch {
        return false
    }
}

const firstLine = (text) => text.split('\n')[0]
const cut = (text, limit) => (text.length > limit ? text.slice(0, limit) + '…' : text)

/** Where the handler was: what it did wrong may be noticed in this file. */
function place(error) {
    const own = fileURLToPath(import.meta.url)
    for (const line of String(error?.stack ?? '').split('\n')) {
        const found = /^\s*at .*?(?:\(|at )?(file:\/\/[^)]+|\/[^)]+?):(\d+):\d+\)?$/.exec(line)
        if (!found) continue
        const file = found[1].startsWith('file:') ? fileURLToPath(found[1]) : found[1]
        if (file !== own) return ` (${basename(file)}:${found[2]})`
    }
    return ''
}

const withPlace = (text, place) => (text.endsWith(place) ? text : text + place)

/** The error, and what it came from. */
function words(error) {
    let text = ''
    for (let count = 0, limit = messageLimit; error !== undefined && error !== null; count++, limit = previousLimit) {
        if (count > mostPrevious) return `${text} <- …`
        text += (count > 0 ? ' <- ' : '') + name(error, limit, count === 0)
        error = error instanceof Error ? error.cause : undefined
    }
    return text
}

function name(error, limit, isFirst) {
    if (!(error instanceof Error)) return cut(String(error), limit)
    const message = cut(String(error.message).trim(), limit)
    const isOurs = error instanceof Permanent || error instanceof RetryAfter
    if (message === '') return `${isOurs ? error.constructor.name : error.name}${place(error)}`
    return isOurs && isFirst ? message : `${error.name}: ${message}`
}

/** Handles messages until connmix-durable closes stdin. */
export async function run(handle) {
    // stdout belongs to the protocol: what a handler prints goes to stderr.
    process.stdout.write = process.stderr.write.bind(process.stderr)
    let held = null
    const answer = (result) => {
        let line = Buffer.from(JSON.stringify({ id: held, ...result }) + '\n')
        held = null
        while (line.length > 0) {
            try {
                line = line.subarray(writeSync(1, line))
            } catch (error) {
                if (error.code !== 'EAGAIN') throw error
            }
        }
    }
    // Behind what the handler printed: which message it was about.
    const tell = (text) => process.stderr.write(`entry ${held}: ${text}\n`)
    let reason = 'the handler ended the process'
    let where = ''
    process.on('uncaughtExceptionMonitor', (error) => {
        reason = words(error)
        where = place(error)
    })
    process.on('exit', () => {
        if (held === null) return
        tell(withPlace(reason, where))
        answer({ ok: false, error: reason, last: true })
    })
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
        const message = new Message(JSON.parse(line))
        held = message.id
        try {
            await handle(message)
            answer({ ok: true, commands: message.commands })
        } catch (error) {
            const result = { ok: false, error: words(error) || 'the handler threw nothing' }
            if (error instanceof Permanent) result.permanent = true
            else if (error instanceof RetryAfter) result.retry_after = error.seconds
            else tell(withPlace(result.error, place(error)))
            answer(result)
        }
    }
}
