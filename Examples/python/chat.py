"""A chat room of one: connmix-durable consume --topic chat --worker python3 Examples/python/chat.py"""

from connmix_worker import run


def handle(message):
    message.subscribe("room:7")
    message.publish("room:7", f"{message.client} joined")
    message.send(f"received: {message.text}")


run(handle)
