<?php

// An active push, from anywhere. A consumer listens: connmix-durable consume --topic foo --listen 127.0.0.1:6799 --worker ...

require __DIR__ . '/connmix.php';

$client = \Connmix\ClientBuilder::create()
    ->setHost('127.0.0.1:6799')
    ->build();
$node = $client->random();
$message = $node->meshPublish('user_10001', '{"broadcast":"ok"}');
echo $message->success() ? "sent to " . ($message->total() - $message->fail()) . "\n" : "not sent: {$message->error()['m']}\n";
