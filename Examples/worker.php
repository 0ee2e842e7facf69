<?php

/**
 * A worker for connmix-durable: one line of JSON in, one line out.
 *
 *     connmix-durable consume --topic chat --concurrency 2 --worker php Examples/worker.php
 *
 * Client ids are strings: PHP's integers would hold them, other languages' would not.
 */

declare(strict_types=1);

function handle(array $message): array
{
    $client = $message['client'];
    $text = $message['data']['frame']['data'] ?? '';
    if ($text === 'never') {
        return ['ok' => false, 'error' => 'no such order', 'permanent' => true];
    }
    if ($text === 'join') {
        return ['ok' => true, 'commands' => [
            ['m' => 'conn.call', 'p' => ['c' => $client, 'f' => 'subscribe', 'a' => ['room:7']]],
            ['m' => 'mesh.publish', 'p' => ['c' => 'room:7', 'd' => "$client joined"]],
        ]];
    }
    return ['ok' => true, 'commands' => [
        ['m' => 'mesh.send', 'p' => ['c' => $client, 'd' => "received: $text"]],
    ]];
}

while (($line = fgets(STDIN)) !== false) {
    $message = json_decode($line, true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
    try {
        $result = handle($message);
    } catch (Throwable $error) { // the message is tried again by the consumer's policy
        $result = ['ok' => false, 'error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode(['id' => $message['id']] + $result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE), "\n";
}
