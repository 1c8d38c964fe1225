"""Statement files of every format: bytes in, statements out.

model: what a statement says, in words that no format owns. containers, documents, texts, sniff: archives and workbooks,
XML documents joined in one file, encodings, and which format some bytes are by their content. One reader a format:
camt, mt (MT940 and its kin), bai2, ofx, qif, coda, csv (sheets of Excel too). A reader yields the entries of a
statement and then its head, so that a large file is never held whole. reading puts these together; looking and summary
make what `statements parse` prints; assemble and evidence make what is landed. child asks, and worker reads: bytes from
outside are parsed in a process of their own, within limits of time and memory. Not here: folders, cursors, books.
"""
