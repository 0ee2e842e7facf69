// A chat room of one: connmix-durable consume --topic chat --worker node Examples/node/chat.mjs

import { run } from './connmix-worker.mjs'

run((message) => {
    message.subscribe('room:7').publish('room:7', `${message.client} joined`)
    message.send(`received: ${message.text}`)
})
