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
 * What the function asks for is committed together with the mark that the message is done, or not at all: where it throws, the attempt has
 * failed and none of it is sent. `Permanent` gives the message up at once, `RetryAfter` chooses the pause. What it prints goes to stderr;
 * stdout belongs to the protocol.
 */

import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

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
        return this.#call('set_context_value', [key, value], client)
    }

    setContext(values, client = this.client) {
        return this.#call('set_context', [values], client)
    }

    /** Any request, as on the wire. */
    request(method, params) {
        this.#commands.push({ m: method, p: params })
        return this
    }

    #call(name, args, client) {
        return this.request('conn.call', { c: String(client), f: name, a: args })
    }

    #mesh(method, target, data) {
        const params = { c: String(target) }
        if (data instanceof Uint8Array) Object.assign(params, { d: Buffer.from(data).toString('base64'), t: 'binary' })
        else params.d = String(data)
        return this.request(method, params)
    }
}

function words(error) {
    if (error instanceof Permanent || error instanceof RetryAfter) return error.message
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
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
    let reason = 'the handler ended the process'
    process.on('uncaughtExceptionMonitor', (error) => {
        reason = words(error)
    })
    process.on('exit', () => {
        if (held !== null) answer({ ok: false, error: reason, last: true })
    })
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
        const message = new Message(JSON.parse(line))
        held = message.id
        try {
            await handle(message)
            answer({ ok: true, commands: message.commands })
        } catch (error) {
            const result = { ok: false, error: words(error) }
            if (error instanceof Permanent) result.permanent = true
            if (error instanceof RetryAfter) result.retry_after = error.seconds
            answer(result)
        }
    }
}
