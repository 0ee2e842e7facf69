<?php

/**
 * A handler for connmix-durable that runs once a message: JSON on stdin, commands on stdout.
 *
 *     connmix-durable consume --topic chat --exec php Examples/handler.php
 *
 * Exit 0: done. 75: try again. 65: dead at once. Anything else: a failed attempt, with the end of stderr as its error.
 */

declare(strict_types=1);

$message = json_decode(file_get_contents('php://stdin'), true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
$text = $message['data']['frame']['data'] ?? '';

if ($text === 'never') {
    fwrite(STDERR, "no such order\n");
    exit(65);
}

echo json_encode(
    ['m' => 'mesh.send', 'p' => ['c' => $message['client'], 'd' => "received: $text"]],
    JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE
), "\n";
