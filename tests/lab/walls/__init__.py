"""A small world of network namespaces in which `sallyport doctor` meets walls."""
