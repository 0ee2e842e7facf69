#include "simulated_machine.h"

#include <string.h>

static uint32_t turn(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

// SHA-1 (RFC 3174) of a short text.
static void sha1(const uint8_t *text, uint32_t length, uint8_t digest[20]) {
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  uint8_t padded[192] = {0};
  memcpy(padded, text, length);
  padded[length] = 0x80;
  uint32_t blocks = (length + 8) / 64 + 1;
  for (int i = 0; i < 4; i++) padded[blocks * 64 - 1 - i] = (uint8_t)(length * 8 >> (8 * i));
  for (uint32_t block = 0; block < blocks; block++) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
      const uint8_t *p = padded + block * 64 + i * 4;
      w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
      uint32_t next = turn(a, 5) + f + e + k + w[i];
      e = d;
      d = c;
      c = turn(b, 30);
      b = a;
      a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
  }
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8));
}

void simulated_websocket_accept(const char *key, char *accept) {
  char text[128] = {0};
  strncpy(text, key, 64);
  strcat(text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  uint8_t digest[21] = {0};
  sha1((const uint8_t *)text, (uint32_t)strlen(text), digest);
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 7; i++) {
    uint32_t group = (uint32_t)digest[i * 3] << 16 | (uint32_t)digest[i * 3 + 1] << 8 | digest[i * 3 + 2];
    for (int j = 0; j < 4; j++) accept[i * 4 + j] = letters[group >> (18 - 6 * j) & 63];
  }
  accept[27] = '=';
  accept[28] = 0;
}
