<?php

// A chat room of one: connmix-durable consume --topic chat --worker php Examples/php/chat.php

require __DIR__ . '/connmix.php';

$client = \Connmix\ClientBuilder::create()->build();
$client->on(fn () => null, function (\Connmix\AsyncNodeInterface $node) {
    $message = $node->message();
    $node->subscribe($message->clientID(), 'room:7');
    $node->meshPublish('room:7', "{$message->clientID()} joined");
    $node->meshSend($message->clientID(), 'received: ' . $message->data()['frame']['data']);
}, fn (\Throwable $error) => error_log((string) $error));
$client->run();
