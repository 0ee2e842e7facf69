<?php

// Answers every message: connmix-durable consume --topic foo --worker php Examples/php/received.php

require __DIR__ . '/connmix.php';

$client = \Connmix\ClientBuilder::create()
    ->setHost('127.0.0.1:6787')
    ->build();
$onConnect = function (\Connmix\AsyncNodeInterface $node) {
    $node->consume('foo');
};
$onMessage = function (\Connmix\AsyncNodeInterface $node) {
    $message = $node->message();
    switch ($message->type()) {
        case 'consume':
            $clientID = $message->clientID();
            $data = $message->data();
            $node->meshSend($clientID, sprintf('received: %s', $data['frame']['data'] ?? ''));
            break;
        case 'result':
            $success = $message->success();
            break;
        case 'error':
            $error = $message->error();
            break;
        default:
            $payload = $message->payload();
    }
};
$onError = function (\Throwable $e) {
    error_log($e->getMessage());
};
$client->on($onConnect, $onMessage, $onError);
$client->run();
