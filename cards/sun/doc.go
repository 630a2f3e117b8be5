// Package sun reads what an NTAG 424 DNA tag says about itself each time it is tapped (Secure Unique NFC, NXP application note
// AN12196, data sheet NT4H2421Gx rev. 3.0, section 9.3), makes the keys of such tags, and says how one is written.
//
// A tap opens BASE/c/ID?p=PICC&c=MAC#FRAGMENT. PICC is the tag's serial number and a counter that rises with every tap,
// encrypted; MAC proves that they come from a tag with the keys of that card. The server learns from them that the tag itself
// was held to the telephone just now, which a photograph of a code cannot show. It never learns the fragment.
//
// What is promised to tags that are already written: the keys that [KeysFor] gives for a master key and a card never change.
// What a tap cannot show: that nobody relayed it from afar, and that the tag is where its owner is. A tap that proves nothing
// lowers trust and is told; it never hides the front.
//
// All functions are pure. Keys are compared and used in constant time, as far as crypto/aes is.
package sun
