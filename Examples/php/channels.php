<?php

// Puts each end user into a channel and publishes to it: connmix-durable consume --topic foo --worker php Examples/php/channels.php

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
            $node->subscribe($clientID, 'user_10001');
            $node->meshPublish('user_10001', '{"broadcast":"ok"}');
            break;
    }
};
$onError = function (\Throwable $e) {
    error_log($e->getMessage());
};
$client->on($onConnect, $onMessage, $onError);
$client->run();
