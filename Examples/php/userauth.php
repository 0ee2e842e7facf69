<?php

// Sets the context value that the Lua code waits for: connmix-durable consume --topic foo --worker php Examples/php/userauth.php
//
//     if data["op"] == "userauth" then
//         conn:wait_context_value("user_id")
//     end
//
// The development engine waits like that for an end user whose text is {"op":"userauth"}.

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
            $text = $data['frame']['data'] ?? '';
            // Some Lua code pushes the text as it came, some what it decoded.
            $command = is_array($text) ? $text : json_decode($text, true);
            if (($command['op'] ?? '') == 'userauth') {
                // Look the end user up by $command['args'] here; a value tells the engine to go on, for a refused one, too.
                $node->setContextValue($clientID, 'user_id', 1000);
            } else {
                $node->meshSend($clientID, 'welcome');
            }
            break;
    }
};
$onError = function (\Throwable $e) {
    error_log($e->getMessage());
};
$client->on($onConnect, $onMessage, $onError);
$client->run();
